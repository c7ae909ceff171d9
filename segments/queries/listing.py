"""Reads of segments: the list with sizes and movement, members, entries and exits, size by day."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, cast

from django.db.models import Q, QuerySet

from crm.models import Product, Profile
from kernel.arrays import array
from kernel.errors import NotFound
from kernel.formats import find_zone, format_money, format_number, format_time
from kernel.money import exponent
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from segments.choices import SegmentKind
from segments.domain.compile import whole
from segments.domain.definitions import Node, products_named, segments_named
from segments.domain.words import describe
from segments.fields import FIELDS
from segments.models import Segment, SegmentReference
from segments.queries.conditions import (
    find_places,
    get_moment,
    parse_definition,
    read_or_keep,
    references_of,
)
from segments.types import Kind
from tenants.models import Tenant
from tenants.queries import get_tenant

PAGE_SIZE = 50
_MOST_ID = 2**62
LIST_WORDS = "Whoever was put on it by hand, by upload or as a copy of a segment"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member of a segment; money in minor units of the tenant's currency.

    Attributes:
        entered_at: the last entry; None for a member from the start.
    """

    profile_id: int
    name: str
    email: str
    order_count: int
    net_minor: int
    last_order_at: datetime | None
    entered_at: datetime | None


def list_segments() -> QuerySet[Segment]:
    """Return every segment, the core ones first in the order of their installation."""
    return Segment.objects.order_by("id")


def get_segment(segment_id: int) -> Segment:
    """Return one segment.

    Raises:
        NotFound: the tenant has none of this id.
    """
    found = Segment.objects.filter(pk=segment_id).first()
    if found is None:
        raise NotFound(f"no segment {segment_id}")
    return found


def find_by_name(text: str, *, limit: int) -> list[tuple[int, str]]:
    """Return id and name of the segments whose name holds a text, by name."""
    found = Segment.objects.filter(name__icontains=text).order_by("name", "id")
    return list(found.values_list("id", "name")[:limit])


def find_segment_by_key(key: str) -> Segment | None:
    """Return the core segment with a stable word such as ``at_risk``; None if it was deleted."""
    return Segment.objects.filter(key=key).first() if key else None


def describe_segment(segment: Segment) -> str:
    """Return the definition of a segment in words."""
    if segment.kind == SegmentKind.STATIC:
        return LIST_WORDS
    return describe_definition(segment.definition)


def describe_definition(definition: object) -> str:
    """Return a definition in words.

    Raises:
        DefinitionError: it cannot be understood.
    """
    tree = parse_definition(definition)
    return describe(tree, speak_money, names_of(tree), products_of(tree))


def names_of(*trees: Node) -> dict[int, str]:
    """Return the names of the segments that trees refer to, by id."""
    ids = {key for tree in trees for key in segments_named(tree)}
    return dict(Segment.objects.filter(pk__in=ids).values_list("id", "name")) if ids else {}


def products_of(*trees: Node) -> dict[int, str]:
    """Return the titles of the products that trees name, by id, with whether one was deleted.

    One statement for any number of trees, none where no product is named.
    """
    return titles_of(key for tree in trees for key in products_named(tree))


def titles_of(product_ids: Iterable[int]) -> dict[int, str]:
    """Return the titles of products by id, with whether one was deleted; no unknown ones."""
    ids = set(product_ids)
    if not ids:
        return {}
    rows = Product.objects.filter(pk__in=ids).values_list("pk", "title", "deleted_at")
    return {
        pk: f"{title or f'#{pk}'}{' (deleted)' if deleted_at else ''}"
        for pk, title, deleted_at in rows
    }


def reference_lines() -> dict[str, str]:
    """Return the stored references in words by key; such as the top-10% line."""
    return _reference_lines(get_tenant(current_tenant_id()))


def _reference_lines(tenant: Tenant) -> dict[str, str]:
    zone = find_zone(tenant.timezone).key
    rows = SegmentReference.objects.all()
    return {row.key: _reference_line(row, tenant.currency, zone) for row in rows}


def _reference_line(row: SegmentReference, currency: str, zone: str) -> str:
    name, measure, *rest = row.key.split(":")
    if row.value is None:
        return "No buyers yet"
    is_money = FIELDS[name].kind is Kind.MONEY if name in FIELDS else False
    figure = format_money(whole(row.value), currency) if is_money else format_number(row.value, 2)
    of = f"among {format_number(row.population)} buyers, as of {format_time(row.computed_at, zone)}"
    match measure:
        case "top":
            return f"Top {rest[0]}%: {figure} and more, {of}"
        case "percentile":
            return f"{rest[0]}% of buyers: up to {figure}, {of}"
        case "median":
            return f"Median: {figure}, {of}"
        case _:
            return f"Average: {figure}, {of}"


def lines_of(segment: Segment) -> list[str]:
    """Return in words the references that a segment compares with."""
    lines = reference_lines()
    wanted = references_of([read_or_keep(segment)])
    return [lines[key] for key in wanted if key in lines]


def list_members(
    segment_id: int, *, search: str = "", after: int | None = None, limit: int = PAGE_SIZE
) -> list[MemberRow]:
    """Return members of a segment, newest profile first.

    Args:
        segment_id: of the tenant.
        search: part of a name or e-mail address; empty finds all.
        after: profile id of the last row seen.
        limit: at most so many; ask for one more than a page to know whether there is a next.
    """
    rows = run_sql(
        "segments.list_members",
        segment_id=segment_id,
        search=member_pattern(search),
        after=after,
        count=limit,
    )
    return [MemberRow(**row._asdict()) for row in rows]


def list_member_ids(segment_id: int, *, after: int = 0, limit: int = 1_000) -> list[int]:
    """Return ids of members ascending, page by page, for audiences and exports."""
    rows = run_sql("segments.list_member_ids", segment_id=segment_id, after=after, count=limit)
    return [row.profile_id for row in rows]


def list_named(profile_ids: Sequence[int]) -> list[Profile]:
    """Return live profiles by id, for a choice among a few people."""
    live = Profile.objects.filter(merged_into=None, erased_at=None, is_anonymous=False)
    return list(live.filter(pk__in=profile_ids).order_by("pk"))


def list_changes(
    segment_id: int, *, before: int | None = None, limit: int = PAGE_SIZE
) -> list[Any]:
    """Return entries and exits of a segment, newest first, as rows of the statement.

    Args:
        segment_id: of the tenant.
        before: id of the last change seen.
        limit: at most so many.
    """
    return run_sql("segments.list_changes", segment_id=segment_id, before=before, count=limit)


class Changes:
    """Entries and exits of a segment, newest first, cut into pages as a query set is.

    They lie in two tables, one of which holds many people in a row.
    """

    def __init__(self, segment_id: int, before: int | None = None) -> None:
        self._segment_id = segment_id
        self._before = before

    def filter(self, behind: Q) -> "Changes":
        """Return those behind the last one seen, whose id is the only thing that is asked for."""
        before = dict(cast("Any", behind.children))["id__lt"]
        return Changes(self._segment_id, max(min(int(before), _MOST_ID), -_MOST_ID))

    def order_by(self, *_: str) -> "Changes":
        """Return the same: there is but one order."""
        return self

    def __getitem__(self, part: slice) -> list[Any]:
        return list_changes(self._segment_id, before=self._before, limit=part.stop)


def list_changes_by(
    profile_id: int | None, event_ids: Collection[int], *, limit: int = 50
) -> list[Any]:
    """Return the entries and exits of a profile that some events caused, as rows, newest first."""
    if profile_id is None or not event_ids:
        return []
    wanted = array(sorted(event_ids))
    return run_sql("segments.list_changes_by", profile_id=profile_id, event_ids=wanted, count=limit)


def list_sizes(segment: Segment, now: datetime, *, days: int = 90) -> list[tuple[date, int]]:
    """Return the size of a segment at the end of each day, oldest first, today as it is now.

    Counted back from its size by the entries and exits, which are kept for ever.
    """
    moment = get_moment(now)
    first = moment.today - timedelta(days=days - 1)
    rows = run_sql("segments.count_changes_by_day", segment_id=segment.pk, since=first)
    deltas = {row.day: row.delta for row in rows}
    size, sizes = segment.member_count, []
    for back in range(days):
        day = moment.today - timedelta(days=back)
        sizes.append((day, size))
        size -= deltas.get(day, 0)
    return sizes[::-1]


def speak_money(amount: Decimal) -> str:
    """Write an amount in whole units of the active tenant's currency."""
    return speak_amount(amount, currency=get_tenant(current_tenant_id()).currency)


def speak_amount(amount: Decimal, *, currency: str) -> str:
    """Write an amount in whole units of a currency."""
    return format_money(int(amount.scaleb(exponent(currency))), currency)


def zone_key() -> str:
    """Return the IANA zone in which the active tenant's days are counted."""
    return find_zone(get_tenant(current_tenant_id()).timezone).key


def member_pattern(search: str) -> str:
    """Return the LIKE pattern of a search among members; empty finds all."""
    word = search.strip().lower()
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if word else ""


def payloads_of(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    """Return segments as plain values, as the API shows them, in a fixed number of statements."""
    rows = list(segments)
    read = {place: read_or_keep(segment) for place, segment in enumerate(rows)}
    trees = list(find_places(read).values())
    names, products = names_of(*trees), products_of(*trees)
    tenant = get_tenant(current_tenant_id())
    speak = partial(speak_amount, currency=tenant.currency)
    lines = _reference_lines(tenant)
    return [
        _payload(
            segment,
            LIST_WORDS
            if segment.kind == SegmentKind.STATIC
            else describe(tree, speak, names, products),
            [lines[key] for key in references_of([tree]) if key in lines],
        )
        for segment, tree in zip(rows, trees, strict=True)
    ]


def _payload(segment: Segment, words: str, references: list[str]) -> dict[str, Any]:
    return {
        "id": str(segment.pk),
        "key": segment.key,
        "name": segment.name,
        "description": segment.description,
        "kind": segment.kind,
        "tags": segment.tags,
        "archived_at": segment.archived_at,
        "definition": segment.definition,
        "words": words,
        "references": references,
        "member_count": segment.member_count,
        "refreshed_at": segment.refreshed_at,
        "stopped_at": segment.stopped_at,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }


def list_memberships(profile_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the ids of the segments that some profiles are in, by profile."""
    rows = run_sql("segments.list_memberships", profile_ids=list(profile_ids))
    return {row.profile_id: row.segment_ids for row in rows}
