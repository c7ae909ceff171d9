"""One person as the profile page shows them."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, Q

from crm.choices import DuplicateStatus, IdentityKind
from crm.domain.merging import can_undo, say_merge_rule
from crm.models import (
    Cart,
    ConsentEvent,
    Event,
    Identity,
    Note,
    Order,
    OrderLine,
    ProbableDuplicate,
    Profile,
    ProfileFacts,
    ProfileMerge,
    Refund,
    Shipment,
)
from crm.panels import EventWords, names_of_kind, speak_events
from crm.queries.duplicates import speak_reasons
from crm.queries.reach import Reach, find_reach
from crm.queries.touches import TouchWords, touches_of_person
from kernel import clock
from kernel.formats import find_zone, format_country, format_time, zone_of_country
from kernel.keyset import has_any
from kernel.money import average
from kernel.scope import current_tenant_id
from tenants.queries import get_tenant

PAGE_SIZE = 30
ORDERS_PAGE = 20
NOTES_PAGE = 200
_IDENTITY_WORDS = {
    IdentityKind.CUSTOMER_ID: "Customer",
    IdentityKind.EMAIL: "Email",
    IdentityKind.PHONE: "Phone",
    IdentityKind.DEVICE: "Device",
    IdentityKind.ANONYMOUS: "Visitor",
}


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """One identifier for people; ``store`` is empty for one that belongs to no store."""

    label: str
    value: str
    store: str


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """What is known of somebody beside their name.

    Attributes:
        average_minor: what was paid per order, before refunds, in minor units; None without one.
        place: city and country in words; empty where neither is known.
        local_time: time of day where they are; empty where their zone is not known.
        properties: what the merchant or the person set, by name.
        touches: first and last visit of which the source is known.
        cart: the newest one, bought or not; None without one.
    """

    facts: ProfileFacts
    average_minor: int | None
    identities: list[IdentityLine]
    reach: list[Reach]
    place: str
    local_time: str
    properties: list[tuple[str, str]]
    touches: list[TouchWords]
    cart: Cart | None

    @property
    def is_troubled(self) -> bool:
        """Whether a ticket, a return, a bad review or a late parcel is open."""
        facts = self.facts
        return bool(
            facts.open_ticket_count
            or facts.open_return_count
            or facts.unhappy_review_count
            or facts.late_shipment_count
        )


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event with its words and its day in the tenant's zone."""

    event: Event
    words: EventWords
    day: date


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Events newest first; ``next`` is the mark of the last one when older ones follow."""

    entries: list[TimelineEntry]
    next: str | None


@dataclass(slots=True)
class ConsentLine:
    """One statement of permission, and how often the same was said again, the last time when."""

    statement: ConsentEvent
    repetitions: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One note of a member."""

    pk: int
    user_id: int
    author: str
    text: str
    created_at: datetime
    edited_at: datetime | None

    @property
    def dialog(self) -> str:
        """The name of the dialog in which it is edited."""
        return f"note-{self.pk}"


@dataclass(frozen=True, slots=True)
class DoubtLine:
    """Somebody who may be the same person, how likely, and the reasons in words."""

    pk: int
    profile: Profile
    score: int
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class MergeLine:
    """One profile that became part of this one; ``name`` and ``email`` as they were then.

    ``can_undo``: it is younger than 30 days and was not undone.
    """

    merge: ProfileMerge
    name: str
    email: str
    can_undo: bool

    @property
    def rule_words(self) -> str:
        """What the merchant's own rule says; empty where another reason made them one."""
        return say_merge_rule(self.merge.rule)


def find_profile(profile_id: int) -> Profile | None:
    """Return a profile, also a merged or erased one; None when the tenant has none."""
    return Profile.objects.filter(pk=profile_id).first()


def find_facts(profile: Profile, now: datetime) -> PersonFacts:
    """Return what stands beside somebody's name.

    Args:
        profile: not merged.
        now: aware.
    """
    facts = ProfileFacts.objects.filter(profile_id=profile.pk).first() or _no_facts(profile)
    orders = facts.order_count
    zone = profile.timezone or zone_of_country(profile.country)
    country = format_country(profile.country) if profile.country else ""
    return PersonFacts(
        facts=facts,
        average_minor=average(facts.gross_minor, orders),
        identities=_identities(profile.pk),
        reach=find_reach([profile], now)[0],
        place=", ".join(filter(None, [profile.city, country])),
        local_time=format_time(now, zone, "HH:mm") if zone else "",
        properties=[
            (key, _speak(value)) for key, value in sorted(profile.properties.items()) if value
        ],
        touches=touches_of_person(facts),
        cart=find_cart(profile.pk),
    )


def find_cart(profile_id: int) -> Cart | None:
    """Return somebody's newest cart, bought or not, or None."""
    found = Cart.objects.filter(profile_id=profile_id).order_by("-started_at")
    return found.select_related("order").first()


def list_timeline(profile_id: int, *, kind: str = "", after: str = "") -> TimelinePage:
    """Return what happened to and around somebody, newest first.

    Args:
        profile_id: of the profile.
        kind: a kind of `crm.panels`; empty for all.
        after: mark of the last entry of the page before.
    """
    events = Event.objects.filter(profile_id=profile_id)
    if kind:
        events = events.filter(name__in=names_of_kind(kind))
    if mark := _read_mark(after):
        at, event_id = mark
        same_or_older = events.filter(occurred_at__lte=at)
        events = same_or_older.exclude(occurred_at=at, pk__gte=event_id)
    rows = list(events.order_by("-occurred_at", "-pk")[: PAGE_SIZE + 1])
    page = rows[:PAGE_SIZE]
    words = speak_events(page)
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    return TimelinePage(
        [
            TimelineEntry(event, words[event.pk], event.occurred_at.astimezone(zone).date())
            for event in page
        ],
        f"{page[-1].occurred_at.isoformat()}_{page[-1].pk}" if len(rows) > PAGE_SIZE else None,
    )


def list_orders(profile_id: int, *, limit: int = ORDERS_PAGE) -> tuple[list[Order], bool]:
    """Return the newest orders of somebody with lines, refunds, shipments and store.

    Returns:
        The orders, and whether there are more.
    """
    orders = Order.objects.filter(profile_id=profile_id).select_related("store")
    loaded = orders.prefetch_related(
        Prefetch("lines", OrderLine.objects.order_by("position", "pk")),
        Prefetch("refunds", Refund.objects.order_by("refunded_at", "pk")),
        Prefetch("shipments", Shipment.objects.order_by("pk")),
    )
    rows = list(loaded.order_by("-ordered_at", "-pk")[: limit + 1])
    return rows[:limit], len(rows) > limit


def list_loose_refunds(profile_id: int) -> list[Refund]:
    """Return refunds of somebody whose order never arrived, newest first."""
    refunds = Refund.objects.filter(profile_id=profile_id, order=None)
    return list(refunds.order_by("-refunded_at", "-pk")[:PAGE_SIZE])


def list_consent(profile_id: int) -> list[ConsentLine]:
    """Return the statements of permission of somebody, newest first.

    A store says the same with every order; such repetitions are told in one line.
    """
    statements = ConsentEvent.objects.filter(profile_id=profile_id)
    lines: list[ConsentLine] = []
    newest: dict[str, ConsentLine] = {}
    for said in statements.order_by("recorded_at", "occurred_at", "pk"):
        known = newest.get(said.channel)
        if known and _substance(known.statement) == _substance(said):
            known.repetitions += 1
            known.last_at = said.occurred_at or said.recorded_at
            continue
        newest[said.channel] = ConsentLine(said)
        lines.append(newest[said.channel])
    return lines[::-1]


def list_notes(profile_id: int) -> list[NoteLine]:
    """Return what members wrote about somebody, newest first."""
    notes = Note.objects.filter(profile_id=profile_id).order_by("-created_at", "-pk")
    return [
        NoteLine(
            pk=note.pk,
            user_id=note.user_id,
            author=note.author,
            text=note.text,
            created_at=note.created_at,
            edited_at=note.edited_at,
        )
        for note in notes[:NOTES_PAGE]
    ]


def list_merges(profile_id: int) -> list[MergeLine]:
    """Return the profiles that became part of this one, newest first."""
    merges = ProfileMerge.objects.filter(winner_id=profile_id).order_by("-merged_at", "-pk")
    return [_merge_line(merge) for merge in merges[:PAGE_SIZE]]


def list_doubts(profile_id: int) -> list[DoubtLine]:
    """Return who may be the same person and is not decided, the likeliest first."""
    found = ProbableDuplicate.objects.filter(
        Q(one_id=profile_id) | Q(other_id=profile_id), status=DuplicateStatus.OPEN
    )
    rows = found.select_related("one", "other").order_by("-score", "-pk")[:PAGE_SIZE]
    return [
        DoubtLine(
            pk=row.pk,
            profile=row.other if row.one_id == profile_id else row.one,
            score=row.score,
            reasons=speak_reasons(row.reason, row.reasons),
        )
        for row in rows
    ]


def list_recent_orders(*, limit: int) -> list[Order]:
    """Return the tenant's newest orders with their people, newest first."""
    orders = Order.objects.filter(is_test=False).select_related("profile")
    return list(orders.order_by("-ordered_at", "-pk")[:limit])


def has_orders() -> bool:
    """Say whether the tenant has any order."""
    return has_any(Order.objects.all())


def _substance(said: ConsentEvent) -> tuple[str, ...]:
    """Return what makes a statement a new one."""
    proof = (said.source_url, said.text_version, str(said.ip), said.user_agent, said.detail)
    return (said.topic, said.state, said.method, said.actor, *proof)


def _speak(value: Any) -> str:
    """Write a property: a list as words, an object as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_speak, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _no_facts(profile: Profile) -> ProfileFacts:
    return ProfileFacts(
        profile=profile,
        order_count=0,
        gross_minor=0,
        refunded_minor=0,
        net_minor=0,
        categories=[],
        rfm_group="",
        points_balance=0,
        points_pending=0,
        points_expiring=0,
        loyalty_tier="",
        open_ticket_count=0,
        open_return_count=0,
        late_shipment_count=0,
        review_count=0,
        unhappy_review_count=0,
    )


def _identities(profile_id: int) -> list[IdentityLine]:
    rows = Identity.objects.filter(profile_id=profile_id).select_related("store")
    return [
        IdentityLine(
            label=_IDENTITY_WORDS[IdentityKind(row.kind)],
            value=row.value_norm.partition(":")[2]
            if row.kind == IdentityKind.CUSTOMER_ID
            else row.value_norm,
            store=row.store.name if row.store else "",
        )
        for row in rows.order_by("kind", "pk")[:PAGE_SIZE]
    ]


def _merge_line(merge: ProfileMerge) -> MergeLine:
    before: dict[str, Any] = merge.snapshot.get("loser", {})
    name = f"{before.get('first_name', '')} {before.get('last_name', '')}".strip()
    is_open = can_undo(merge.merged_at, merge.undone_at, clock.now())
    return MergeLine(merge, name, str(before.get("email", "")), is_open)


def _read_mark(mark: str) -> tuple[datetime, int] | None:
    moment, _, event_id = mark.rpartition("_")
    try:
        at, key = datetime.fromisoformat(moment), int(event_id[:19])
    except ValueError:
        return None
    return (at, key) if at.tzinfo else None
