"""Reads behind the resources of the REST API."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from crm.choices import IdentityKind
from crm.domain.permission import CHANNELS
from crm.models import (
    ConsentEvent,
    Event,
    Identity,
    Note,
    Order,
    OrderLine,
    Profile,
    ProfileFacts,
    ProfileMerge,
    Return,
    Review,
    Shipment,
    Store,
    Ticket,
    Touchpoint,
)
from crm.queries.conversations import export_conversations
from kernel.money import average, to_text
from kernel.scope import current_tenant_id
from tenants.queries import get_tenant

MAX_MERGES = 50
"""Merges that one id is followed through; a chain is resolved when it is made."""


def with_email(address: str) -> Q:
    """Return the condition for the profile that an address points at, also an old one."""
    return _identified(IdentityKind.EMAIL, [address.strip().lower()])


def with_phone(number: str) -> Q:
    """Return the condition for the profile that a number points at; ``+`` may read as a space."""
    return _identified(IdentityKind.PHONE, [f"+{number.strip().lstrip('+')}"])


def with_customer_id(customer_id: str) -> Q:
    """Return the condition for customers of any store with this id of the store's own."""
    if ":" in customer_id:
        return _identified(IdentityKind.CUSTOMER_ID, [customer_id])
    stores = Store.objects.values_list("pk", flat=True)
    return _identified(IdentityKind.CUSTOMER_ID, [f"{store}:{customer_id}" for store in stores])


def with_tag(tag: str) -> Q:
    """Return the condition for profiles that have a tag."""
    return Q(tags__contains=[tag])


def with_words(words: str) -> Q:
    """Return the condition for part of a name or address, in any case."""
    norm = words.strip().lower()
    return Q(name_norm__contains=norm) | Q(email_norm__contains=norm)


def find_by_identifiers(store_id: int, external_id: str, email: str, phone: str) -> int | None:
    """Return the id of the profile that an identifier points at, the store's own first."""
    wanted = [
        (IdentityKind.CUSTOMER_ID, f"{store_id}:{external_id}" if external_id else ""),
        (IdentityKind.EMAIL, email.strip().lower()),
    ]
    for kind, value in wanted:
        if value and (found := _find_identity(kind, value)):
            return found
    return Profile.objects.filter(with_phone(phone)).values_list("pk", flat=True).first()


def is_profile(profile_id: int) -> bool:
    """Say whether the tenant has a profile of this id, also a merged or erased one."""
    return Profile.objects.filter(pk=profile_id).exists()


def final_winner(profile_id: int) -> int:
    """Return who an id was merged into in the end; itself when it was not."""
    for _ in range(MAX_MERGES):
        found = Profile.objects.filter(pk=profile_id).values_list("merged_into_id", flat=True)
        winner = found.first()
        if winner is None:
            return profile_id
        profile_id = winner
    return profile_id


def find_last_merge(profile_id: int) -> int | None:
    """Return the id of the last merge that made this profile lose, else win; None if none."""
    merges = ProfileMerge.objects.filter(undone_at=None).order_by("-merged_at", "-pk")
    for side in ("loser_id", "winner_id"):
        found = merges.filter(**{side: profile_id}).values_list("pk", flat=True).first()
        if found is not None:
            return int(found)
    return None


def consent_statements() -> QuerySet[ConsentEvent]:
    """Return the statements of permission of the tenant."""
    return ConsentEvent.objects.all()


def events_of(profile_id: int) -> QuerySet[Event]:
    """Return the events of a profile."""
    return Event.objects.filter(profile_id=profile_id)


def orders_with_lines() -> QuerySet[Order]:
    """Return the orders of the tenant, lines and refunds loaded."""
    lines = OrderLine.objects.order_by("position", "pk")
    return Order.objects.prefetch_related(Prefetch("lines", lines), "refunds")


@dataclass(frozen=True, slots=True)
class Export:
    """Everything that is stored of one person."""

    profile: dict[str, Any]
    orders: list[Order]
    consents: list[ConsentEvent]
    events: list[Event]
    notes: list[Note]
    touches: list[Touchpoint]
    shipments: list[Shipment]
    returns: list[Return]
    reviews: list[Review]
    tickets: list[Ticket]
    conversations: list[dict[str, Any]]


def export_profile(profile_id: int) -> Export:
    """Return everything that is stored of one person, oldest first."""
    return Export(
        profile=build_profiles([profile_id])[0],
        orders=list(orders_with_lines().filter(profile_id=profile_id).order_by("ordered_at")),
        consents=list(ConsentEvent.objects.filter(profile_id=profile_id).order_by("recorded_at")),
        events=list(events_of(profile_id).order_by("occurred_at", "pk")),
        notes=list(Note.objects.filter(profile_id=profile_id).order_by("created_at", "pk")),
        touches=list(
            Touchpoint.objects.filter(profile_id=profile_id).order_by("occurred_at", "touch_key")
        ),
        shipments=list(Shipment.objects.filter(order__profile_id=profile_id).order_by("pk")),
        returns=list(Return.objects.filter(profile_id=profile_id).order_by("requested_at", "pk")),
        reviews=list(Review.objects.filter(profile_id=profile_id).order_by("reviewed_at", "pk")),
        tickets=list(Ticket.objects.filter(profile_id=profile_id).order_by("opened_at", "pk")),
        conversations=export_conversations(profile_id),
    )


def build_profiles(profile_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return profiles as the API shows them, in the order asked for, in four statements.

    An id that does not exist is left out.
    """
    currency = get_tenant(current_tenant_id()).currency
    rows = Profile.objects.in_bulk(profile_ids)
    facts = {row.profile_id: row for row in ProfileFacts.objects.filter(profile_id__in=rows)}
    identities = _identities(rows)
    return [
        _describe(rows[number], facts.get(number) or _no_facts(), identities[number], currency)
        for number in profile_ids
        if number in rows
    ]


def _identified(kind: IdentityKind, values: list[str]) -> Q:
    found = Identity.objects.filter(kind=kind, value_norm__in=values)
    return Q(pk__in=found.values_list("profile_id", flat=True))


def _find_identity(kind: IdentityKind, value: str) -> int | None:
    found = Identity.objects.filter(kind=kind, value_norm=value)
    return found.values_list("profile_id", flat=True).first()


def _identities(profile_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in Identity.objects.filter(profile_id__in=profile_ids).order_by("pk"):
        value = row.value_norm
        if row.kind == IdentityKind.CUSTOMER_ID:
            value = value.partition(":")[2]
        store_id = None if row.store_id is None else str(row.store_id)
        found[row.profile_id].append({"kind": row.kind, "value": value, "store_id": store_id})
    return found


def _no_facts() -> ProfileFacts:
    return ProfileFacts(
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
    )


def _describe(
    row: Profile, facts: ProfileFacts, identities: list[dict[str, Any]], currency: str
) -> dict[str, Any]:
    merged_into = None if row.merged_into_id is None else str(row.merged_into_id)
    return {
        "id": str(row.pk),
        "email": row.email,
        "phone": row.phone,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "locale": row.locale,
        "timezone": row.timezone,
        "country": row.country,
        "city": row.city,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "erased_at": row.erased_at,
        "merged_into": merged_into,
        "properties": row.properties,
        "tags": row.tags,
        "consent": {
            channel: {
                "state": getattr(row, f"{channel}_consent"),
                "at": getattr(row, f"{channel}_consent_at"),
            }
            for channel in CHANNELS
        },
        "identities": identities,
        "facts": _figures(facts, currency),
    }


def _figures(facts: ProfileFacts, currency: str) -> dict[str, Any]:
    orders, gap = facts.order_count, facts.days_between_orders
    return {
        "currency": currency,
        "order_count": orders,
        "gross_revenue": to_text(facts.gross_minor, currency),
        "net_revenue": to_text(facts.net_minor, currency),
        "refunded": to_text(facts.refunded_minor, currency),
        "average_order_value": to_text(average(facts.gross_minor, orders), currency),
        "first_order_at": facts.first_order_at,
        "last_order_at": facts.last_order_at,
        "days_between_orders": None if gap is None else float(gap),
        "categories": facts.categories,
        "rfm": {
            "recency": facts.recency,
            "frequency": facts.frequency,
            "monetary": facts.monetary,
            "group": facts.rfm_group or None,
        },
        "predicted": dict.fromkeys(("clv_12m", "orders_12m", "churn_probability", "next_order_on")),
        "loyalty": {
            "balance": facts.points_balance,
            "pending": facts.points_pending,
            "expiring": facts.points_expiring,
            "expires_at": facts.points_expire_at,
            "tier": facts.loyalty_tier or None,
        },
        "last_opened_at": facts.last_opened_at,
        "last_clicked_at": facts.last_clicked_at,
        "last_seen_at": facts.last_seen_at,
        "last_viewed_at": facts.last_viewed_at,
        "last_searched_at": facts.last_searched_at,
        "last_carted_at": facts.last_carted_at,
        "last_checkout_at": facts.last_checkout_at,
        "cart_at": facts.cart_at,
        "cart_value": to_text(facts.cart_minor, currency),
        "first_touch": facts.first_touch,
        "last_touch": facts.last_touch,
    }
