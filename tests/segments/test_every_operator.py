"""Every field with every operator that it offers, against plain Python over the rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from operator import eq, ge, gt, le, lt, ne
from random import Random
from statistics import mean, median
from typing import Any

import pytest

from crm.models import Profile, ProfileFacts
from kernel.sql import execute
from segments.domain.comparisons import operators_of
from segments.domain.rfm import GROUP_LABELS
from segments.fields import FIELDS
from segments.queries.conditions import (
    FROM_PROFILES,
    find_missing_references,
    get_compiler,
    parse_definition,
)
from segments.types import Field, Kind
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer
from tests.segments.test_dates import LONDON
from tests.segments.test_dates import meets as meets_date

NOW = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
"""Half past eleven in London, still on 30 June."""
PEOPLE = 14
SIGNS = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
WORDS = ("Émile", "emile", "Zoë 100%", "a_b", "İstanbul", "soap")
LISTS: tuple[list[str], ...] = (["Soap", "Tea"], ["Tea"], [], ["Émile", "a_b", "100%"])
COLUMNS = {
    "email": "email_norm",
    "net_revenue": "net_minor",
    "gross_revenue": "gross_minor",
    "refunded": "refunded_minor",
    "cart_value": "cart_minor",
    "open_tickets": "open_ticket_count",
    "last_review_rating": "last_rating",
    "has_open_ticket": "open_ticket_count",
    "has_open_return": "open_return_count",
    "has_late_shipment": "late_shipment_count",
    "has_negative_review": "unhappy_review_count",
}
"""Where a field is kept, where its name does not say it."""
NEWEST = {
    "last_engaged_at": ("last_opened_at", "last_clicked_at"),
    "last_active_at": ("last_opened_at", "last_clicked_at", "last_seen_at", "last_order_at"),
}
Row = tuple[Profile, ProfileFacts | None]


def draw(random: Random, person: int) -> None:
    """Make somebody of whom most is known, with values that meet each other."""

    def at() -> datetime | None:
        ago = timedelta(minutes=random.choice((0, 90, 1_470, 2_880, 43_200, 525_600)))
        return random.choice((None, NOW - ago, NOW + ago))

    profile: dict[str, Any] = {
        name: random.choice(("", *WORDS))
        for name in ("first_name", "last_name", "locale", "timezone", "region", "city", "postcode")
    }
    profile |= {"country": random.choice(("", "GB", "DE")), "tags": random.choice(LISTS)}
    profile |= {"email_norm": random.choice(("", f"p{person}@example.com")), "phone": ""}
    if person % 7 == 0:
        Profile.objects.create(created_at=NOW - timedelta(days=person), **profile)
        return
    made = make_buyer(created_at=NOW - timedelta(hours=29 * person), **profile)
    moments = [one.name for one in ProfileFacts._meta.fields if one.name.endswith("_at")]
    change_facts(
        made,
        **{name: at() for name in moments if name != "refreshed_at"},
        **{name: random.choice(LISTS) for name in ("categories", "payment_methods")},
        **{name: random.choice((0, 1, 2, 7)) for name in COUNTS},
        **{name: random.choice((None, 1, 3, 5)) for name in SCORES},
        net_minor=random.choice((-250, 0, 1_999, 2_000, 12_345)),
        gross_minor=random.choice((0, 2_000, 12_345)),
        cart_minor=random.choice((None, 0, 2_000)),
        days_between_orders=random.choice((None, Decimal("3.5"), Decimal(20))),
        rfm_group=random.choice(("", *GROUP_LABELS)),
        loyalty_tier=random.choice(("", "Gold", "Silver")),
        tier_after=random.choice(("", "Silver")),
        order_channels=random.choice(LISTS),
        first_touch=random.choice((None, {"source": "news", "medium": ""})),
        last_touch=random.choice((None, {"source": "Émile", "campaign": "soap"})),
    )


COUNTS = [
    one.name
    for one in ProfileFacts._meta.fields
    if one.name.endswith("_count") and not one.name.startswith("lookback")
] + ["points_balance", "points_pending", "points_expiring", "loyalty_rank", "rank_after"]
SCORES = ("recency", "frequency", "monetary", "last_rating")


def value_of(field: Field, row: Row) -> Any:
    """Return somebody's value of a field by hand; None where there is none."""
    profile, facts = row
    name = field.name
    if field.kind is Kind.DAYS_SINCE:
        at = value_of(FIELDS[f"{name.removeprefix('days_since_')}_at"], row)
        return None if at is None else (day_of(NOW) - day_of(at)).days
    if name in ("has_email", "has_phone"):
        return bool(profile.email_norm if name == "has_email" else profile.phone)
    if name.startswith(("first_touch_", "last_touch_")):
        column, word = name.rsplit("_", 1)
        return ((facts and getattr(facts, column)) or {}).get(word) or None
    column = COLUMNS.get(name, name)
    if hasattr(profile, column):
        return getattr(profile, column)
    return of_facts(field, column, facts)


def of_facts(field: Field, column: str, facts: ProfileFacts | None) -> Any:
    if facts is None:
        return _NOBODYS.get(field.kind) if not field.is_nullable else None
    if field.name in NEWEST:
        known = [getattr(facts, one) for one in NEWEST[field.name]]
        return max((one for one in known if one), default=None)
    if field.name == "average_order_value":
        count = facts.order_count
        return Decimal(facts.gross_minor) / 100 / count if count else None
    is_over = facts.tier_ends_at is not None and facts.tier_ends_at <= NOW
    if is_over and field.ends_at:
        column = {"loyalty_tier": "tier_after", "loyalty_rank": "rank_after"}[column]
    return _read(field, getattr(facts, column))


_NOBODYS = {Kind.NUMBER: 0, Kind.MONEY: 0, Kind.BOOLEAN: False}


def _read(field: Field, found: Any) -> Any:
    match field.kind:
        case Kind.BOOLEAN:
            return found > 0
        case Kind.MONEY:
            return None if found is None else Decimal(found) / 100
        case _:
            is_none = found == "" or (field.name == "loyalty_rank" and found == 0)
            return None if is_none else found


def day_of(at: datetime) -> date:
    return at.astimezone(LONDON).date()


NEGATED = {
    "not_in": "in",
    "not_contains": "contains",
    "not_contains_any": "contains_any",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
    "not_matches": "matches",
    "missing": "exists",
    "!=": "=",
}


def holds(field: Field, operator: str, asked: Any, value: Any, line: "Lines") -> bool:
    """Say by hand whether a value meets a comparison."""
    if operator in NEGATED:
        return not holds(field, NEGATED[operator], asked, value, line)
    if operator == "exists":
        return value is not None and value not in ("", [])
    if field.kind is Kind.LIST:
        return in_list(operator, asked, value or [])
    if field.kind is Kind.DATE:
        return on_date(operator, asked, value)
    is_word = field.kind in (Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN)
    said = in_words(operator, asked, value) if is_word else among(operator, asked, value, line)
    return value is not None and said


def in_list(operator: str, asked: Any, value: Sequence[str]) -> bool:
    match operator:
        case "contains":
            return asked in value
        case "contains_text":
            return any(asked.lower() in one.lower() for one in value)
        case "contains_any":
            return bool(set(asked) & set(value))
        case "contains_all":
            return set(asked) <= set(value)
        case _:
            sign = {"is": "=", "least": ">=", "most": "<="}[operator.rsplit("_", 1)[1]]
            return bool(SIGNS[sign](len(value), asked))


def in_words(operator: str, asked: Any, value: Any) -> bool:
    if isinstance(asked, bool):
        return bool(value == asked)
    said = str(value).lower()
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: said == asked.lower(),
        "in": lambda: said in {one.lower() for one in asked},
        "contains": lambda: asked.lower() in said,
        "starts_with": lambda: said.startswith(asked.lower()),
        "ends_with": lambda: said.endswith(asked.lower()),
        "matches": lambda: asked.strip("^$").lower() == said,
    }
    return tests[operator]()


def on_date(operator: str, asked: Any, value: datetime | None) -> bool:
    if value is None:
        return operator == "not_in_the_last"
    if operator not in CALENDAR:
        return meets_date({"is": operator, "value": asked}, value.isoformat(), NOW)
    first, last = asked if operator == "between" else (asked, asked)
    side = CALENDAR[operator]
    return side(day_of(value), date.fromisoformat(first), date.fromisoformat(last))


CALENDAR: dict[str, Callable[[date, date, date], bool]] = {
    "before": lambda day, first, _: day < first,
    "after": lambda day, first, _: day > first,
    "on": lambda day, first, _: day == first,
    "between": lambda day, first, last: first <= day <= last,
}


class Lines:
    """Figures of all buyers of one field who have a value, by hand."""

    def __init__(self, field: Field, rows: Sequence[Row]) -> None:
        buyers = [row for row in rows if row[1] and row[1].order_count > 0]
        found = [value_of(field, row) for row in buyers if field.is_comparable]
        self.values = sorted(Decimal(one) for one in found if one is not None)
        self.digit = Decimal("0.01")

    def percentile(self, percent: int) -> Decimal:
        place = Decimal(percent * len(self.values)) / 100
        return self.values[max(int(place.to_integral_value(ROUND_CEILING)), 1) - 1]

    def figure(self, name: Any) -> Decimal:
        if isinstance(name, Mapping):
            return self.percentile(name["percentile"])
        exact = mean(self.values) if name == "mean" else median(self.values)
        return Decimal(exact).quantize(self.digit, ROUND_HALF_UP)


def among(operator: str, asked: Any, found: Any, line: Lines) -> bool:
    value = Decimal(found or 0)
    if isinstance(asked, Mapping):
        return bool(SIGNS[operator](value, line.figure(asked["store"])))
    if operator == "between":
        return Decimal(str(asked[0])) <= value <= Decimal(str(asked[1]))
    return bool(SIGNS[operator](value, Decimal(str(asked))))


def values_for(field: Field, operator: str, known: Sequence[Any]) -> Iterator[Any]:
    """Yield what a field may be compared with: what people have, and what lies around it."""
    if operator in ("exists", "missing"):
        yield None
    elif field.kind is Kind.DATE:
        yield from dates_for(operator)
    elif field.kind is Kind.LIST:
        yield from lists_for(operator)
    elif field.kind is Kind.BOOLEAN:
        yield from (True, False)
    elif field.kind in (Kind.TEXT, Kind.CHOICE):
        yield from words_for(field, operator, known)
    else:
        yield from numbers_for(field, operator, known)


def dates_for(operator: str) -> Iterator[Any]:
    days = ["2026-06-30", "2026-05-31", "2026-07-01"]
    spans = [{"days": 0}, {"days": 1}, {"days": 35}, {"hours": 2}, {"hours": 48}]
    match operator:
        case "before" | "after" | "on":
            yield from days
        case "between":
            yield from ([days[1], days[0]], [days[0], days[2]])
        case "between_ago":
            yield from ([spans[0], spans[1]], [spans[1], spans[2]], [spans[3], spans[4]])
        case "in_month":
            yield from ([6], [5, 7])
        case "anniversary":
            yield from ("today", "this_week", "this_month", {"next": {"days": 9}})
        case _:
            yield from spans


def lists_for(operator: str) -> Iterator[Any]:
    if operator.startswith("length"):
        yield from (0, 1, 2)
    elif operator in ("contains", "not_contains", "contains_text"):
        yield from ("Tea", "tea", "Émile", "é", "%")
    else:
        yield from (["Tea"], ["Soap", "Tea"], ["nothing", "a_b"])


def words_for(field: Field, operator: str, known: Sequence[Any]) -> Iterator[Any]:
    words = sorted({str(one) for one in known if one})[:3] or ["nothing"]
    if field.kind is Kind.CHOICE:
        words = [one for one in words if one in GROUP_LABELS] or ["lost"]
    elif operator in ("matches", "not_matches"):
        yield from ("^soap$", "^GB$")
        return
    else:
        words += ["ÉMILE", "100%", "_", "soa"]
    yield from ([words, words[:1]] if operator in ("in", "not_in") else words)


def numbers_for(field: Field, operator: str, known: Sequence[Any]) -> Iterator[Any]:
    found = sorted({float(one) for one in known if one is not None and one >= 0})[:3] or [1.0]
    if field.kind is Kind.DAYS_SINCE:
        found = [int(one) for one in found]
    if operator == "between":
        yield from ([found[0], found[-1]], [found[-1], found[-1] + 10])
        return
    yield from found
    if field.is_comparable and operator in (">", ">=", "<", "<="):
        yield from ({"store": name} for name in ("mean", "median", {"percentile": 40}))


@pytest.mark.django_db
@pytest.mark.covers("S6", "S10", "S11")
def test_every_operator_of_every_field_says_what_the_rows_say(tenant: Tenant) -> None:
    random = Random(5)  # noqa: S311 any people will do
    for person in range(PEOPLE):
        draw(random, person)
    facts = {one.profile_id: one for one in ProfileFacts.objects.all()}
    rows = {one.pk: (one, facts.get(one.pk)) for one in Profile.objects.all()}
    compared = 0
    for field in (one for one in FIELDS.values() if not one.missing):
        known = {key: value_of(field, row) for key, row in rows.items()}
        lines = Lines(field, list(rows.values()))
        asked = [
            (operator, value)
            for operator in operators_of(field)
            if operator not in ("top", "in_quartile")
            for value in values_for(field, operator, list(known.values()))
        ]
        answers = ask(field, asked)
        for key, found in answers.items():
            expected = [holds(field, *one, known[key], lines) for one in asked]
            wrong = [one for one, a, b in zip(asked, found, expected, strict=True) if a != b]
            assert wrong == [], (field.name, known[key])
        compared += len(asked) * len(answers)
    assert compared > 10_000


def ask(field: Field, asked: Sequence[tuple[str, Any]]) -> dict[int, list[bool]]:
    """Return what the database says to each comparison, by person."""
    trees = [
        parse_definition(
            {"field": field.name, "is": operator}
            if value is None
            else {"field": field.name, "is": operator, "value": value}
        )
        for operator, value in asked
    ]
    references: dict[str, Decimal | None] = {}
    for tree in trees:
        references |= find_missing_references(tree, references)
    compiler = get_compiler(NOW, references)
    conditions = ", ".join(compiler.compile(tree) for tree in trees)
    found = execute(
        f"SELECT p.id, ARRAY[{conditions}] AS answers {FROM_PROFILES} {compiler.joined()}"
        " WHERE p.tenant_id = %(tenant_id)s",
        **compiler.params,
    )
    return {row.id: row.answers for row in found}
