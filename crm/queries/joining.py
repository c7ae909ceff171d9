"""What a merge of two profiles would do, side by side, before anybody does it."""

from dataclasses import dataclass

from crm.domain.fields import TEXT_FIELDS
from crm.domain.permission import most_restrictive
from crm.models import ConsentEvent, Event, Identity, Note, Order, Profile, Refund

CEILING = 1_000
"""Rows that move are counted up to here."""
_LABELS = {
    "email": "Email",
    "phone": "Phone",
    "first_name": "First name",
    "last_name": "Last name",
    "locale": "Language",
    "timezone": "Time zone",
    "country": "Country",
    "region": "Region",
    "city": "City",
    "postcode": "Postcode",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of both, and what it is afterwards."""

    label: str
    kept: str
    gone: str
    after: str


@dataclass(frozen=True, slots=True)
class Joining:
    """What stays, what moves, and what permission is left.

    Attributes:
        kept: whose id and values stay.
        gone: who becomes part of them.
        differences: fields that are not the same in both.
        moving: label and number of the rows that move, at most `CEILING` each; none left out.
    """

    kept: Profile
    gone: Profile
    differences: list[Difference]
    moving: list[tuple[str, int]]


def compare_profiles(kept: Profile, gone: Profile) -> Joining:
    """Say what merging one profile into another changes; nothing is written."""
    pairs = [(_LABELS[name], getattr(kept, name), getattr(gone, name)) for name in TEXT_FIELDS]
    found = [Difference(label, a, b, a or b) for label, a, b in pairs if a != b]
    for channel, label in (("email", "Email consent"), ("sms", "SMS consent")):
        states = [getattr(each, f"{channel}_consent") for each in (kept, gone)]
        if states[0] != states[1]:
            left = most_restrictive(sorted(set(states)))
            found.append(Difference(label, states[0], states[1], left))
    if kept.tags != gone.tags:
        both = sorted({*kept.tags, *gone.tags})
        found.append(Difference("Tags", *map(", ".join, (kept.tags, gone.tags, both))))
    return Joining(kept, gone, found, _moving(gone.pk))


def find_live(profile_id: int) -> Profile | None:
    """Return a profile that is neither merged nor erased; None when the tenant has none."""
    return Profile.objects.filter(pk=profile_id, merged_into=None, erased_at=None).first()


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
