"""What narrows the list of people, read from an address, and said as a segment definition."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from django.db.models.functions import Lower

from crm.choices import ConsentState
from crm.models import Tag
from crm.panels import ListFilter, list_filters
from crm.queries.people import SORTINGS, Wanted
from kernel.errors import Invalid
from kernel.formats import format_country
from kernel.money import MoneyError, to_minor
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

MAX_SEARCH = 200
MAX_TEXT = 100
MAX_NUMBER = 1_000_000_000
TAGS_OFFERED = 500
COUNTRIES_OFFERED = 300
_CONSENT_CHOICES = [
    (ConsentState.SUBSCRIBED.value, "Subscribed"),
    (ConsentState.UNSUBSCRIBED.value, "Unsubscribed"),
    (ConsentState.NEVER.value, "Never asked"),
    (ConsentState.PENDING.value, "Not confirmed yet"),
    (ConsentState.WITHDRAWN.value, "Withdrawn"),
]


Choices = dict[str, Sequence[tuple[str, str]]]


def read_wanted(said: Mapping[str, str], choices: Choices | None = None) -> Wanted:
    """Read search, filters and order of an address; what does not exist or fit is left out.

    Args:
        said: the address's query.
        choices: what was asked for already, by key of a filter; gets what is asked for here.
    """
    known = {} if choices is None else choices
    sort = said.get("sort", "")
    chosen = {
        item.key: value
        for item in list_filters()
        if (value := said.get(item.key, "").replace("\x00", "").strip())
        and _fits(item, value, known)
    }
    return Wanted(
        search=said.get("q", "").replace("\x00", "").strip()[:MAX_SEARCH],
        chosen=chosen,
        sort=sort if sort.removeprefix("-") in SORTINGS else "-new",
    )


def read_exactly(said: Mapping[str, str]) -> Wanted:
    """Read an address as `read_wanted`, for what is done with everybody whom it shows.

    Args:
        said: the address's query.

    Raises:
        Invalid: a filter of it does not exist or fit any more. Without it these were others.
    """
    wanted = read_wanted(said)
    for item in list_filters():
        value = said.get(item.key, "").strip()
        if value and item.key not in wanted.chosen:
            raise Invalid(f"The filter “{item.label}” asks for what is not there any more: {value}")
    return wanted


def define_segment(wanted: Wanted) -> dict[str, object] | None:
    """Return a segment definition for the same people; None without a filter.

    A search is not part of it: a segment has no words to look for.
    """
    leaves = [
        item.define(wanted.chosen[item.key]) for item in list_filters() if item.key in wanted.chosen
    ]
    return {"op": "and", "children": leaves} if leaves else None


def write_query(wanted: Wanted) -> str:
    """Return the query of the address that shows the same people in the same order."""
    said = {"q": wanted.search, **wanted.chosen, "sort": wanted.sort}
    usual = {"q": "", "sort": "-new"}
    return urlencode({key: value for key, value in said.items() if value != usual.get(key)})


def choices_of(item: ListFilter, known: Choices) -> Sequence[tuple[str, str]]:
    """Return the choices of a filter, asked for once."""
    if item.key not in known:
        known[item.key] = item.list_choices()
    return known[item.key]


def list_tags() -> list[str]:
    """Return the tags that were used in this tenant, by name."""
    return list(Tag.objects.order_by("name").values_list("name", flat=True)[:TAGS_OFFERED])


def find_tags(names: Iterable[str]) -> list[str]:
    """Return which tags of some names, spelt in any case, were used in this tenant."""
    wanted = {name.lower() for name in names}
    if not wanted:
        return []
    found = Tag.objects.annotate(lower=Lower("name")).filter(lower__in=wanted)
    return list(found.order_by("name").values_list("name", flat=True))


def list_countries() -> list[tuple[str, str]]:
    """Return code and name of the countries that people live in, by name."""
    rows = run_sql("crm.list_countries", most=COUNTRIES_OFFERED)
    names = [(row.country, format_country(row.country)) for row in rows]
    return sorted(names, key=lambda named: named[1])


def _fits(item: ListFilter, value: str, known: Choices) -> bool:
    match item.kind:
        case "choice":
            return value in dict(choices_of(item, known)) or item.has_choice(value)
        case "number":
            return value.isascii() and value.isdigit() and int(value[:11]) <= MAX_NUMBER
        case "money":
            return _is_amount(value)
        case "day" | "last_day":
            return _is_day(value)
        case _:
            return len(value) <= MAX_TEXT


def _is_amount(value: str) -> bool:
    try:
        minor = to_minor(value, get_tenant(current_tenant_id()).currency)
    except MoneyError:
        return False
    return abs(minor) <= MAX_NUMBER * 100


def _is_day(value: str) -> bool:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return False
    return date(1900, 1, 1) <= day <= date(2200, 1, 1)


def _none() -> Sequence[tuple[str, str]]:
    return ()


def _field(name: str, operator: str) -> Callable[[str], dict[str, object]]:
    return lambda value: {"field": name, "is": operator, "value": value}


def _orders(value: str) -> dict[str, object]:
    operator = ">=" if value.endswith("+") else "="
    return {"field": "order_count", "is": operator, "value": int(value.removesuffix("+"))}


def _count(name: str, operator: str) -> Callable[[str], dict[str, object]]:
    return lambda value: {"field": name, "is": operator, "value": int(value)}


def _after(name: str) -> Callable[[str], dict[str, object]]:
    def define(value: str) -> dict[str, object]:
        before = date.fromisoformat(value) - timedelta(days=1)
        return {"field": name, "is": "after", "value": before.isoformat()}

    return define


def _before(name: str) -> Callable[[str], dict[str, object]]:
    def define(value: str) -> dict[str, object]:
        following = date.fromisoformat(value) + timedelta(days=1)
        return {"field": name, "is": "before", "value": following.isoformat()}

    return define


def _ordered(value: str) -> str:
    """Return the condition on a number of orders that nobody without one has."""
    if int(value.removesuffix("+")) < 1:
        return ""
    operator = ">=" if value.endswith("+") else "="
    return f"f.order_count {operator} rtrim(%(orders)s, '+')::int"


def _consent(channel: str, label: str, order: int) -> ListFilter:
    key = "consent" if channel == "email" else f"{channel}_consent"
    return ListFilter(
        key=key,
        label=label,
        anything="Any",
        list_choices=lambda: _CONSENT_CHOICES,
        sql=f"p.{channel}_consent = %({key})s",
        define=lambda value: {"consent": channel, "is": value},
        order=order,
        group=label,
    )


def _between(
    name: str, label: str, column: str, field: str, *, kind: str, order: int
) -> tuple[ListFilter, ListFilter]:
    """Offer a lowest and a highest value of a figure of the facts."""
    define = _count if kind == "number" else _field
    known = f"COALESCE({column}, 0)"
    lowest = f"{column} >= %({name}_min)s"
    return (
        ListFilter(
            key=f"{name}_min",
            label=f"{label}, at least",
            anything="at least",
            list_choices=_none,
            sql=f"{known} >= %({name}_min)s",
            among_facts=lambda value: lowest if value > 0 else "",
            define=define(field, ">="),
            order=order,
            kind=kind,
            group=label,
        ),
        ListFilter(
            key=f"{name}_max",
            label=f"{label}, at most",
            anything="at most",
            list_choices=_none,
            sql=f"{known} <= %({name}_max)s",
            define=define(field, "<="),
            order=order + 1,
            kind=kind,
            group=label,
        ),
    )


def _period(
    name: str, label: str, column: str, field: str, *, order: int
) -> tuple[ListFilter, ListFilter]:
    """Offer the first and the last day of a period, in the tenant's zone."""
    since, until = f"{column} >= %({name}_from)s", f"{column} < %({name}_to)s"
    is_fact = column.startswith("f.")
    return (
        ListFilter(
            key=f"{name}_from",
            label=f"{label}, from",
            anything="from",
            list_choices=_none,
            sql=since,
            among_facts=lambda _: since if is_fact else "",
            define=_after(field),
            order=order,
            kind="day",
            group=label,
        ),
        ListFilter(
            key=f"{name}_to",
            label=f"{label}, to",
            anything="to",
            list_choices=_none,
            sql=until,
            among_facts=lambda _: until if is_fact else "",
            define=_before(field),
            order=order + 1,
            kind="last_day",
            group=label,
        ),
    )


ORDERS = ListFilter(
    key="orders",
    label="Orders",
    anything="Orders",
    list_choices=lambda: [
        ("0", "No order yet"),
        ("1+", "Has ordered"),
        ("1", "One order"),
        ("2+", "Two or more orders"),
        ("5+", "Five or more orders"),
    ],
    sql=(
        "(CASE WHEN right(%(orders)s, 1) = '+'"
        " THEN COALESCE(f.order_count, 0) >= rtrim(%(orders)s, '+')::int"
        " ELSE COALESCE(f.order_count, 0) = rtrim(%(orders)s, '+')::int END)"
    ),
    among_facts=_ordered,
    define=_orders,
    order=40,
)
COUNTRY = ListFilter(
    key="country",
    label="Country",
    anything="Any",
    list_choices=list_countries,
    sql="p.country = %(country)s",
    define=_field("country", "="),
    order=60,
    group="Country",
)
TAG = ListFilter(
    key="tag",
    label="Tag",
    anything="Tag",
    list_choices=lambda: [(tag, tag) for tag in list_tags()],
    has_choice=lambda tag: Tag.objects.filter(name=tag).exists(),
    sql="p.tags @> ARRAY[%(tag)s]::text[]",
    define=_field("tags", "contains"),
    order=50,
)
WITHOUT_TAG = ListFilter(
    key="without_tag",
    label="Without the tag",
    anything="Any",
    list_choices=lambda: [(tag, tag) for tag in list_tags()],
    has_choice=TAG.has_choice,
    sql="NOT p.tags @> ARRAY[%(without_tag)s]::text[]",
    define=_field("tags", "not_contains"),
    order=70,
    group="Without the tag",
)
FILTERS = (
    ORDERS,
    TAG,
    COUNTRY,
    _consent("email", "Email consent", 64),
    _consent("sms", "SMS consent", 65),
    _consent("whatsapp", "WhatsApp consent", 66),
    _consent("push", "Push consent", 67),
    WITHOUT_TAG,
    *_between(
        "order_count",
        "Orders",
        "f.order_count",
        "order_count",
        kind="number",
        order=72,
    ),
    *_between(
        "revenue",
        "Net revenue",
        "f.net_minor",
        "net_revenue",
        kind="money",
        order=74,
    ),
    *_period("last_order", "Last order", "f.last_order_at", "last_order_at", order=76),
    *_period("seen", "Last visit", "f.last_seen_at", "last_seen_at", order=78),
    *_period("created", "First known", "p.created_at", "created_at", order=80),
)
"""The ways that this app fills into the registry."""
