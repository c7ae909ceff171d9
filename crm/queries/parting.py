"""What undoing a merge would do, before anybody does it."""

from dataclasses import dataclass

from crm.domain.fields import TEXT_FIELDS, ProfileFields
from crm.domain.merging import (
    can_undo,
    part_consent,
    part_winner,
    read_consent,
    read_snapshot,
)
from crm.models import Order, Profile, ProfileMerge
from crm.queries.fields import CONSENTS, LABELS, read_profile
from kernel import clock
from kernel.arrays import array
from kernel.sql import run_sql

CEILING = 1_000
"""Orders of since the merge are counted up to here."""
_PLACES = {
    "crm_order.profile_id": "orders",
    "crm_refund.profile_id": "refunds",
    "crm_identity.profile_id": "identifiers",
    "crm_event.profile_id": "events",
    "crm_consentevent.profile_id": "statements of consent",
    "crm_note.profile_id": "notes",
    "crm_conversation.profile_id": "conversations",
    "messaging_message.profile_id": "messages",
    "flows_flowrun.profile_id": "passages through flows",
    "loyalty_pointsentry.profile_id": "movements of points",
}
"""What people call the rows that go back; others are not named."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field: as the profile has it now, and as each of both has it afterwards."""

    label: str
    now: str
    kept: str
    back: str

    @property
    def is_moved(self) -> bool:
        """Whether the profile that stays loses or changes it."""
        return self.now != self.kept


@dataclass(frozen=True, slots=True)
class Parting:
    """What goes back, and what stays.

    Attributes:
        merge: the merge that would be undone.
        kept: the profile that stays.
        name: what the other one was called.
        lines: every field that one of both has afterwards.
        moving: label and number of the rows that go back.
        following: orders of since then that go with an address or number.
        orders_since: of since then that stay, at most `CEILING`.
        refusal: why it cannot be undone; empty where it can.
    """

    merge: ProfileMerge
    kept: Profile
    name: str
    lines: list[Change]
    moving: list[tuple[str, int]]
    following: int
    orders_since: int
    refusal: str


def describe_parting(merge: ProfileMerge) -> Parting:
    """Say what undoing a merge changes; nothing is written."""
    kept = Profile.objects.get(pk=merge.winner_id)
    loser = read_snapshot(merge.snapshot, "loser")
    followed = _count_following(merge)
    since = Order.objects.filter(profile_id=kept.pk, created_at__gte=merge.merged_at)
    moved = merge.moved_ids.get("crm_order.profile_id", [])
    orders = since.exclude(pk__in=moved)[:CEILING].count()
    return Parting(
        merge=merge,
        kept=kept,
        name=_name(loser),
        lines=_lines(merge, kept, loser),
        moving=[
            (label, len(merge.moved_ids[place]))
            for place, label in _PLACES.items()
            if merge.moved_ids.get(place)
        ],
        following=followed,
        orders_since=max(0, orders - followed),
        refusal=_refusal(merge, kept),
    )


def list_later(merge: ProfileMerge) -> list[ProfileMerge]:
    """Return the merges into the same profile that came after one, or with it, oldest first."""
    later = ProfileMerge.objects.filter(
        winner_id=merge.winner_id, undone_at=None, merged_at__gte=merge.merged_at
    )
    return list(later.exclude(pk=merge.pk).order_by("merged_at", "pk"))


def _lines(merge: ProfileMerge, kept: Profile, loser: ProfileFields) -> list[Change]:
    now, before = read_profile(kept), read_snapshot(merge.snapshot, "winner")
    others = list_later(merge)
    gone = [read_snapshot(other.snapshot, "loser") for other in others]
    after = part_winner(now, before, loser, gone)
    lines = [
        Change(LABELS[name], *(getattr(each, name) for each in (now, after, loser)))
        for name in TEXT_FIELDS
    ]
    for name, label in CONSENTS.items():
        channel = name.removesuffix("_consent")
        said, was = read_consent(now, channel), read_consent(loser, channel)
        is_merged = said[1] == merge.merged_at or said == was
        joined = [
            (read_consent(each, channel)[0], other.merged_at)
            for each, other in zip(gone, others, strict=True)
        ]
        sides = part_consent(
            read_consent(before, channel) if is_merged else said,
            was,
            joined,
            merge.merged_at,
            is_word=said[1] not in [at for _, at in joined],
        )
        lines.append(Change(label, said[0], sides[0][0], sides[1][0]))
    return [line for line in lines if {line.now, line.kept, line.back} - {"", "never"}]


def _count_following(merge: ProfileMerge) -> int:
    [row] = run_sql(
        "crm.count_following",
        winner=merge.winner_id,
        merged_at=merge.merged_at,
        kept=array(merge.moved_ids.get("crm_order.profile_id", [])),
        identities=array(merge.moved_ids.get("crm_identity.profile_id", [])),
    )
    return int(row.found)


def _name(loser: ProfileFields) -> str:
    name = f"{loser.first_name} {loser.last_name}".strip()
    return name or loser.email or loser.phone or "Somebody without a name"


def _refusal(merge: ProfileMerge, kept: Profile) -> str:
    if merge.undone_at is not None:
        return "It was undone before."
    if not can_undo(merge.merged_at, None, clock.now()):
        return "It is more than 30 days old."
    if kept.merged_into_id is not None:
        return "The profile that stayed became part of another one. Undo that first."
    return ""
