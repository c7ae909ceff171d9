"""The list of people: searched, narrowed, sorted, page by page at the cost of one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from crm.choices import IdentityKind
from crm.domain.identifiers import normalize_phone, order_number_forms
from crm.models import Identity, Order, Profile
from crm.panels import ListFilter, list_filters
from crm.queries.reach import Reach, find_reach
from kernel import clock
from kernel.arrays import array
from kernel.formats import format_country
from kernel.keyset import has_any
from kernel.money import average, to_minor
from kernel.scope import current_tenant_id
from kernel.sql import execute
from tenants.queries import get_tenant

PAGE_SIZE = 50
COUNT_CEILING = 10_000
"""Counting stops here; a page writes 10,000+."""
MATCHES = 200
"""Most people that a phone or order number brings into a search."""
EXPORT_BATCH = 1_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = """
SELECT p.id, p.first_name, p.last_name, p.email, p.phone, p.country, p.city, p.email_consent,
    p.sms_consent, p.whatsapp_consent, p.created_at, p.tags,
    COALESCE(f.order_count, 0) AS order_count,
    COALESCE(f.net_minor, 0) AS net_minor, COALESCE(f.gross_minor, 0) AS gross_minor,
    COALESCE(f.refunded_minor, 0) AS refunded_minor, f.first_order_at, f.last_order_at,
    f.last_seen_at, COALESCE(f.rfm_group, '') AS rfm_group,
    COALESCE(f.points_balance, 0) AS points_balance
"""
_LIVE = (
    "p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL AND p.erased_at IS NULL"
    " AND NOT p.is_anonymous"
)
_WITH_FACTS = """
FROM crm_profile AS p
{join} crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
"""


@dataclass(frozen=True, slots=True)
class Sorting:
    """One order of the list: column, the id that parts equal values, who is in it."""

    column: str
    key: str
    needs_facts: bool = False
    is_time: bool = False
    condition: str = ""


SORTINGS = {
    "new": Sorting("p.created_at", "p.id", is_time=True),
    "last": Sorting(
        "f.last_order_at",
        "f.profile_id",
        needs_facts=True,
        is_time=True,
        condition="f.last_order_at IS NOT NULL",
    ),
    "revenue": Sorting("f.net_minor", "f.profile_id", needs_facts=True),
    "orders": Sorting("f.order_count", "f.profile_id", needs_facts=True),
    "seen": Sorting(
        "f.last_seen_at",
        "f.profile_id",
        needs_facts=True,
        is_time=True,
        condition="f.last_seen_at IS NOT NULL",
    ),
}
"""What people sort by; each has an index that begins with the tenant."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people, and in which order.

    Attributes:
        search: part of a name or address, a phone number or an order number; empty finds all.
        chosen: value by key of a filter of `crm.panels`.
        sort: a key of `SORTINGS`, with ``-`` before it for the largest first.
        ids: these profiles alone; None for all that match.
    """

    search: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    sort: str = "-new"
    ids: tuple[int, ...] | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order was chosen."""
        return bool(self.search or self.chosen)


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the list; money in minor units of the tenant's currency."""

    id: int
    name: str
    email: str
    phone: str
    country: str
    city: str
    created_at: datetime
    email_consent: str
    sms_consent: str
    whatsapp_consent: str
    order_count: int
    net_minor: int
    average_minor: int | None
    refunded_minor: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    last_seen_at: datetime | None
    tags: list[str]
    rfm_group: str
    points_balance: int
    reach: list[Reach]

    @property
    def place(self) -> str:
        """City and country in words; empty where neither is known."""
        country = format_country(self.country) if self.country else ""
        return ", ".join(filter(None, [self.city, country]))


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of people; the marks lead to its neighbours."""

    rows: list[Person]
    next: str | None
    previous: str | None


def list_people(
    wanted: Wanted, now: datetime, *, after: str = "", before: str = "", limit: int = PAGE_SIZE
) -> PeoplePage:
    """Return a page of people.

    Args:
        wanted: which, in which order.
        now: aware; a suppression may have an end.
        after: mark of the last row of the page before.
        before: mark of the first row of the page after.
        limit: rows of a page.
    """
    mark, is_back = (before, True) if before else (after, False)
    rows = _select(wanted, _read_mark(mark, wanted), is_back=is_back, limit=limit + 1)
    has_more = len(rows) > limit
    rows = rows[:limit][:: -1 if is_back else 1]
    if not rows:
        return PeoplePage([], None, None)
    sorting = SORTINGS[wanted.sort.lstrip("-")]
    first, last = _mark(rows[0], sorting), _mark(rows[-1], sorting)
    if is_back:
        return PeoplePage(_people(rows, now), last, first if has_more else None)
    return PeoplePage(_people(rows, now), last if has_more else None, first if mark else None)


def count_people(wanted: Wanted, *, ceiling: int | None = COUNT_CEILING) -> int:
    """Return how many people there are, at most the ceiling; without one it counts them all."""
    params = _params(wanted)
    found = f"SELECT 1 {_counted(wanted, params)} LIMIT %(ceiling)s"
    statement = f"SELECT count(*) AS found FROM ({found}) AS counted"  # noqa: S608 fixed text only
    [row] = execute(statement, ceiling=ceiling, **params)
    return int(row.found)


def _counted(wanted: Wanted, params: Mapping[str, Any]) -> str:
    """Return where people are counted: in one index if they all lie there, else in the list."""
    chosen, condition = _chosen(wanted), SORTINGS[wanted.sort.lstrip("-")].condition
    among = [item.among_facts(params[item.key]) for item in chosen]
    if not wanted.search and wanted.ids is None:
        if len(chosen) == 1 and chosen[0].counted_from and not condition:
            return chosen[0].counted_from
        if (among or condition) and all(among):
            # Only live people have facts.
            parts = ["f.tenant_id = %(tenant_id)s", *among, *filter(None, [condition])]
            return f"FROM crm_profilefacts AS f WHERE {' AND '.join(parts)}"
    joined = _WITH_FACTS.format(join="LEFT JOIN")
    return f"{joined} WHERE {' AND '.join(_conditions(wanted, params))}"


def list_matching_ids(wanted: Wanted, *, after: int, limit: int) -> list[int]:
    """Return the ids of people, ascending, from behind an id on.

    Whoever changes them while going on misses nobody and meets nobody twice.
    """
    joined = _WITH_FACTS.format(join="LEFT JOIN")
    params = _params(wanted)
    parts = [*_conditions(wanted, params), "p.id > %(after)s"]
    statement = f"SELECT p.id {joined} WHERE {' AND '.join(parts)} ORDER BY p.id LIMIT %(limit)s"
    return [row.id for row in execute(statement, after=after, limit=limit, **params)]


def has_people() -> bool:
    """Say whether the tenant knows anybody."""
    return has_any(Profile.objects.filter(merged_into=None, erased_at=None, is_anonymous=False))


def _people(rows: Sequence[Any], now: datetime) -> list[Person]:
    return [
        Person(
            id=row.id,
            name=f"{row.first_name} {row.last_name}".strip(),
            email=row.email,
            phone=row.phone,
            country=row.country,
            city=row.city,
            created_at=row.created_at,
            email_consent=row.email_consent,
            sms_consent=row.sms_consent,
            whatsapp_consent=row.whatsapp_consent,
            order_count=row.order_count,
            net_minor=row.net_minor,
            average_minor=average(row.gross_minor, row.order_count),
            refunded_minor=row.refunded_minor,
            first_order_at=row.first_order_at,
            last_order_at=row.last_order_at,
            last_seen_at=row.last_seen_at,
            tags=row.tags,
            rfm_group=row.rfm_group,
            points_balance=row.points_balance,
            reach=reach,
        )
        for row, reach in zip(rows, find_reach(rows, now), strict=True)
    ]


def _select(
    wanted: Wanted, mark: tuple[Any, int] | None, *, is_back: bool, limit: int
) -> list[Any]:
    sorting = SORTINGS[wanted.sort.lstrip("-")]
    is_descending = wanted.sort.startswith("-") != is_back
    params: dict[str, Any] = {**_params(wanted), "limit": limit}
    parts = _conditions(wanted, params)
    if mark is not None:
        sign = "<" if is_descending else ">"
        parts.append(f"({sorting.column}, {sorting.key}) {sign} (%(mark)s, %(mark_id)s)")
        params |= {"mark": mark[0], "mark_id": mark[1]}
    joined = _WITH_FACTS.format(join="JOIN" if sorting.needs_facts else "LEFT JOIN")
    way = "DESC" if is_descending else "ASC"
    statement = (
        f"{_COLUMNS} {joined} WHERE {' AND '.join(parts)}"
        f" ORDER BY {sorting.column} {way}, {sorting.key} {way} LIMIT %(limit)s"
    )
    return execute(statement, **params)


def _conditions(wanted: Wanted, params: Mapping[str, Any]) -> list[str]:
    parts = [_LIVE]
    if wanted.search:
        parts.append(
            "(p.name_norm LIKE %(pattern)s OR p.email_norm LIKE %(pattern)s"
            " OR p.id = ANY(%(matches)s::bigint[]))"
        )
    if wanted.ids is not None:
        parts.append("p.id = ANY(%(ids)s::bigint[])")
    parts += [item.among_facts(params[item.key]) or item.sql for item in _chosen(wanted)]
    if condition := SORTINGS[wanted.sort.lstrip("-")].condition:
        parts.append(condition)
    return parts


def _params(wanted: Wanted) -> dict[str, Any]:
    params = {item.key: _value(item, wanted.chosen[item.key]) for item in _chosen(wanted)}
    if wanted.ids is not None:
        params["ids"] = array(wanted.ids)
    if wanted.search:
        norm = wanted.search.strip().lower()
        escaped = norm.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        params |= {"pattern": f"%{escaped}%", "matches": _find_by_number(norm)}
    return params


def _value(item: ListFilter, text: str) -> Any:
    """Return what a condition binds for a value that fits it."""
    match item.kind:
        case "number":
            return int(text)
        case "money":
            return to_minor(text, get_tenant(current_tenant_id()).currency)
        case "day" | "last_day":
            day = date.fromisoformat(text) + timedelta(days=item.kind == "last_day")
            return clock.start_of_day(day, get_tenant(current_tenant_id()).timezone)
        case _:
            return text


def _chosen(wanted: Wanted) -> list[ListFilter]:
    return [item for item in list_filters() if wanted.chosen.get(item.key)]


def _find_by_number(text: str) -> list[int]:
    """Return who has this phone number or an order of this number."""
    if not any(map(str.isdigit, text)):
        return []
    orders = Order.objects.filter(number__in=order_number_forms(text))
    found = set(
        orders.exclude(profile=None).order_by("-pk").values_list("profile_id", flat=True)[:MATCHES]
    )
    country = get_tenant(current_tenant_id()).country
    if phone := normalize_phone(text, country):
        phones = Identity.objects.filter(kind=IdentityKind.PHONE, value_norm=phone)
        found |= set(phones.values_list("profile_id", flat=True))
    return sorted(found)


def _mark(row: Any, sorting: Sorting) -> str:
    value = getattr(row, sorting.column.partition(".")[2])
    figure = (value - _EPOCH) // timedelta(microseconds=1) if sorting.is_time else value
    return f"{figure}_{row.id}"


def _read_mark(mark: str, wanted: Wanted) -> tuple[Any, int] | None:
    """Return value and id of a mark; None for none, or for one that nobody made."""
    value, _, key = mark.partition("_")
    try:
        figure, profile_id = int(value[:20]), int(key[:19])
        if not SORTINGS[wanted.sort.lstrip("-")].is_time:
            return figure, profile_id
        return _EPOCH + timedelta(microseconds=figure), profile_id
    except (ValueError, OverflowError):
        return None
