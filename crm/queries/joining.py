"""What a merge of two profiles would do, side by side, before anybody does it."""

from dataclasses import dataclass
from datetime import datetime

from crm.domain.fields import TEXT_FIELDS, fill_from_merged
from crm.domain.permission import most_restrictive
from crm.models import (
    ConsentEvent,
    Event,
    Identity,
    Note,
    Order,
    Profile,
    ProfileFacts,
    Refund,
)
from crm.queries.fields import CONSENTS, LABELS, Difference, read_profile

CEILING = 1_000
"""Rows that move are counted up to here."""
_STRONG = ("customer_id", "email", "phone")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one side bought, and whether anything but a browser says who it is."""

    order_count: int
    net_minor: int
    last_order_at: datetime | None
    points_balance: int
    identities: list[str]


@dataclass(frozen=True, slots=True)
class Joining:
    """What stays, what moves, and what permission is left.

    Attributes:
        kept: whose id and values stay.
        gone: who becomes part of them.
        lines: every field that one of both has.
        figures: of the one that stays, of the other one, and of both.
        moving: label and number of the rows that move, at most `CEILING` each; none left out.
    """

    kept: Profile
    gone: Profile
    lines: list[Difference]
    figures: tuple[Figures, Figures, Figures]
    moving: list[tuple[str, int]]

    @property
    def first_known_at(self) -> datetime:
        """When the merged one was first known."""
        return min(self.kept.created_at, self.gone.created_at)

    @property
    def differences(self) -> list[Difference]:
        """The fields that are not the same in both."""
        return [line for line in self.lines if not line.is_same]


def compare_profiles(kept: Profile, gone: Profile) -> Joining:
    """Say what merging one profile into another changes; nothing is written."""
    before, other = read_profile(kept), read_profile(gone)
    after = before.copy()
    fill_from_merged(after, other)
    lines = [
        Difference(LABELS[name], *(getattr(each, name) for each in (before, other, after)))
        for name in TEXT_FIELDS
    ]
    for name, label in CONSENTS.items():
        one, two = getattr(before, name), getattr(other, name)
        lines.append(Difference(label, one, two, most_restrictive(sorted({one, two}))))
    both = sorted({*kept.tags, *gone.tags})
    lines.append(Difference("Tags", *map(", ".join, (kept.tags, gone.tags, both))))
    figures = _figures(kept.pk, gone.pk)
    return Joining(kept, gone, [line for line in lines if _says(line)], figures, _moving(gone.pk))


def find_live(profile_id: int) -> Profile | None:
    """Return a profile that is neither merged nor erased; None when the tenant has none."""
    return Profile.objects.filter(pk=profile_id, merged_into=None, erased_at=None).first()


def _says(line: Difference) -> bool:
    return any(said not in ("", "never") for said in (line.kept, line.gone))


def _figures(kept: int, gone: int) -> tuple[Figures, Figures, Figures]:
    facts = {
        row.profile_id: row for row in ProfileFacts.objects.filter(profile_id__in=[kept, gone])
    }
    found = Identity.objects.filter(profile_id__in=[kept, gone], kind__in=_STRONG)
    names: dict[int, list[str]] = {kept: [], gone: []}
    for row in found.order_by("kind", "pk"):
        is_customer = row.kind == "customer_id"
        value = f"Customer {row.value_norm.partition(':')[2]}" if is_customer else row.value_norm
        names[row.profile_id].append(value)
    one, other = (_of(facts.get(key), names[key]) for key in (kept, gone))
    times = [at for at in (one.last_order_at, other.last_order_at) if at is not None]
    both = Figures(
        one.order_count + other.order_count,
        one.net_minor + other.net_minor,
        max(times, default=None),
        one.points_balance + other.points_balance,
        [*one.identities, *other.identities],
    )
    return one, other, both


def _of(facts: ProfileFacts | None, identities: list[str]) -> Figures:
    if facts is None:
        return Figures(0, 0, None, 0, identities)
    return Figures(
        facts.order_count, facts.net_minor, facts.last_order_at, facts.points_balance, identities
    )


def _moving(profile_id: int) -> list[tuple[str, int]]:
    counts = [
        ("orders", Order.objects.filter(profile_id=profile_id)),
        ("refunds", Refund.objects.filter(profile_id=profile_id)),
        ("identifiers", Identity.objects.filter(profile_id=profile_id)),
        ("events", Event.objects.filter(profile_id=profile_id)),
        ("statements of consent", ConsentEvent.objects.filter(profile_id=profile_id)),
        ("notes", Note.objects.filter(profile_id=profile_id)),
    ]
    found = [(label, rows[:CEILING].count()) for label, rows in counts]
    return [(label, count) for label, count in found if count]
