"""Who meets a definition, said by plain Python over rows as they came in.

Nothing of the compiler, of facts or of stored memberships is used: figures are added up from
orders, refunds and events, and definitions are read as JSON. It is slow on purpose.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from zoneinfo import ZoneInfo

from kernel.sql import execute

SIGNS = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
ZONE = ZoneInfo("Europe/London")


@dataclass(slots=True)
class Done:
    """One event; the day is that of London."""

    at: datetime
    id: int
    day: date
    properties: Mapping[str, Any]


@dataclass(slots=True)
class Bought:
    """One order that counts."""

    at: datetime
    day: date
    minor: int
    categories: frozenset[str]


@dataclass(slots=True)
class Person:
    """One live profile with what was recorded of it; events by name, in order."""

    id: int
    consent: str
    country: str
    tags: frozenset[str]
    created_at: datetime
    group: str
    orders: list[Bought] = field(default_factory=list)
    refunded: int = 0
    events: dict[str, list[Done]] = field(default_factory=dict)

    @property
    def net(self) -> int:
        return sum(order.minor for order in self.orders) - self.refunded

    @property
    def last_order(self) -> date | None:
        return max((order.day for order in self.orders), default=None)

    @property
    def mean_order(self) -> Decimal | None:
        if not self.orders:
            return None
        return Decimal(sum(order.minor for order in self.orders)) / len(self.orders)


@dataclass(slots=True)
class Plain:
    """Definitions by segment id, and what they are asked against.

    Attributes:
        figures: of all buyers, by the words of `figure_of`.
    """

    definitions: Mapping[int, Any]
    figures: dict[str, Decimal | None] = field(default_factory=dict)

    def segments_of(self, person: Person, now: datetime) -> list[int]:
        """Return the ids of the segments that somebody is in, ascending."""
        today = now.astimezone(ZONE).date()
        return sorted(
            key for key, one in self.definitions.items() if self.meets(one, person, now, today)
        )

    def meets(self, asked: Mapping[str, Any], person: Person, now: datetime, today: date) -> bool:
        """Say whether somebody meets a definition."""
        if "op" in asked:
            found = (self.meets(child, person, now, today) for child in asked["children"])
            return all(found) if asked["op"] == "and" else any(found) == (asked["op"] == "or")
        if "segment" in asked:
            inner = self.definitions.get(int(asked["segment"]))
            is_in = inner is not None and self.meets(inner, person, now, today)
            return bool(is_in == (asked["is"] == "member"))
        if "consent" in asked:
            return bool(person.consent == asked["is"])
        if "field" in asked:
            return self._field(asked, person, today)
        return _did(asked, person, now, today)

    def _field(self, asked: Mapping[str, Any], person: Person, today: date) -> bool:
        name, sign, value = asked["field"], asked["is"], asked["value"]
        if sign == "top" or name == "average_order_value":
            line, mean = self.figures[figure_of(asked)], person.mean_order
            if line is None or mean is None:
                return False
            return person.net >= line if sign == "top" else bool(SIGNS[sign](mean, line))
        if name == "days_since_last_order":
            last = person.last_order
            return last is not None and _lies((today - last).days, sign, value)
        if name == "created_at":
            age = (today - person.created_at.astimezone(ZONE).date()).days
            return bool(0 <= age <= value["days"])
        return value in person.tags if name == "tags" else _compares(person, name, sign, value)


def _compares(person: Person, name: str, sign: str, value: Any) -> bool:
    said: dict[str, Any] = {
        "order_count": len(person.orders),
        "net_revenue": Decimal(person.net) / 100,
        "refunded": Decimal(person.refunded) / 100,
        "country": person.country,
        "rfm_group": person.group,
    }
    return bool(SIGNS[sign](said[name], value))


def _did(asked: Mapping[str, Any], person: Person, now: datetime, today: date) -> bool:
    if "funnel" in asked:
        return _completes(asked, person, now, today)
    if "last_event" in asked:
        done = person.events.get(asked["last_event"], [])
        return bool(done) and _counts(asked, done[-1].at, done[-1].day, now, today)
    return _happened(asked, person, now, today)


def measure(definitions: Iterable[Any], people: Iterable[Person]) -> dict[str, Decimal | None]:
    """Return the figures of all buyers that definitions compare with."""
    buyers = [person for person in people if person.orders]
    figures: dict[str, Decimal | None] = {}
    for asked in _leaves(definitions):
        if asked.get("is") == "top":
            nets = sorted((person.net for person in buyers), reverse=True)
            share = Decimal(asked["value"]["percent"]) * len(nets) / 100
            place = max(int(share.to_integral_value(ROUND_CEILING)), 1)
            figures[figure_of(asked)] = Decimal(nets[place - 1]) if nets else None
        elif isinstance(asked.get("value"), Mapping) and "store" in asked["value"]:
            means = [person.mean_order for person in buyers if person.mean_order is not None]
            mean = sum(means, Decimal(0)) / len(means) if means else None
            figures[figure_of(asked)] = mean and mean.quantize(Decimal(1), ROUND_HALF_UP)
    return figures


def figure_of(asked: Mapping[str, Any]) -> str:
    """Return the key under which a figure of all buyers is stored."""
    if asked["is"] == "top":
        return f"{asked['field']}:top:{asked['value']['percent']}"
    return f"{asked['field']}:{asked['value']['store']}"


def read_people() -> dict[int, Person]:
    """Read every live profile of the tenant with its orders, refunds and events."""
    people = {
        row.id: Person(
            row.id,
            row.email_consent,
            row.country,
            frozenset(row.tags),
            row.created_at,
            row.rfm_group or "",
        )
        for row in execute(_PEOPLE)
    }
    days: dict[datetime, date] = {}
    for row in execute(_ORDERS):
        if row.profile_id in people:
            order = Bought(row.at, _day(row.at, days), row.minor, frozenset(row.categories))
            people[row.profile_id].orders.append(order)
    for row in execute(_REFUNDS):
        if row.profile_id in people:
            people[row.profile_id].refunded += int(row.minor)
    for row in execute(_EVENTS):
        if row.profile_id in people:
            said = json.loads(row.properties)
            done = Done(row.at, row.id, _day(row.at, days), said)
            people[row.profile_id].events.setdefault(row.name, []).append(done)
    return people


_PEOPLE = """
SELECT p.id, p.email_consent, p.country, p.tags, p.created_at, s."group" AS rfm_group
FROM crm_profile AS p
LEFT JOIN segments_rfmscore AS s ON s.tenant_id = %(tenant_id)s AND s.profile_id = p.id
WHERE p.tenant_id = %(tenant_id)s AND p.merged_into_id IS NULL AND p.erased_at IS NULL
  AND NOT p.is_anonymous
"""
_ORDERS = """
SELECT o.profile_id, o.ordered_at AS at, o.base_gross_minor AS minor, ARRAY(
    SELECT lower(l.category) FROM crm_orderline AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.order_id = o.id
) AS categories
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s AND o.cancelled_at IS NULL
"""
_REFUNDS = """
SELECT r.profile_id, sum(r.base_amount_minor) AS minor
FROM crm_refund AS r
LEFT JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = r.order_id
WHERE r.tenant_id = %(tenant_id)s AND o.cancelled_at IS NULL
GROUP BY r.profile_id
"""
_EVENTS = """
SELECT e.profile_id, e.id, e.name, e.occurred_at AS at, e.properties
FROM crm_event AS e
WHERE e.tenant_id = %(tenant_id)s AND e.profile_id IS NOT NULL
  AND e.name = ANY(ARRAY['Product Viewed', 'Checkout Started', 'Order Placed', 'Quiz Done'])
ORDER BY e.occurred_at, e.id
"""


def _day(at: datetime, days: dict[datetime, date]) -> date:
    hour = at.replace(minute=0, second=0, microsecond=0)
    if hour not in days:
        days[hour] = at.astimezone(ZONE).date()
    return days[hour]


def _leaves(definitions: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for asked in definitions:
        if "op" in asked:
            yield from _leaves(asked["children"])
        else:
            yield asked


def _lies(days: int, sign: str, value: Any) -> bool:
    if sign == "between":
        return bool(value[0] <= days <= value[1])
    return bool(SIGNS[sign](days, value))


def _happened(asked: Mapping[str, Any], person: Person, now: datetime, today: date) -> bool:
    """Count orders or events inside a window, or add up what they say."""
    wanted = asked.get("count", {"is": ">=", "value": 1})
    if "event" not in asked:
        goods = asked.get("bought", asked.get("not_bought"))
        category = str(goods.get("category", "")).lower()
        count = sum(
            1
            for order in person.orders
            if (not category or category in order.categories)
            and _counts(asked, order.at, order.day, now, today)
        )
        return (
            not count
            if "not_bought" in asked
            else bool(SIGNS[wanted["is"]](count, wanted["value"]))
        )
    inside = [
        done
        for done in person.events.get(asked["event"], [])
        if _counts(asked, done.at, done.day, now, today) and _fits(asked, done)
    ]
    if "sum" in asked:
        total = sum(float(done.properties.get(asked["sum"]["property"], 0)) for done in inside)
        return bool(SIGNS[asked["sum"]["is"]](total, asked["sum"]["value"]))
    return bool(SIGNS[wanted["is"]](len(inside), wanted["value"]))


def _fits(asked: Mapping[str, Any], done: Done) -> bool:
    return all(
        str(done.properties.get(test["property"], "")).lower() == test["value"].lower()
        for test in asked.get("where", [])
    )


def _counts(window: Mapping[str, Any], at: datetime, day: date, now: datetime, today: date) -> bool:
    within, before = window.get("within", {}), window.get("before", {})
    return (
        ("days" not in within or (today - day).days <= within["days"])
        and ("hours" not in within or now - at < timedelta(hours=within["hours"]))
        and ("days" not in before or (today - day).days >= before["days"])
    )


def _completes(asked: Mapping[str, Any], person: Person, now: datetime, today: date) -> bool:
    """Try every beginning of a funnel of two steps; the second may be one that did not come."""
    first, second = asked["funnel"]
    span = timedelta(**asked["complete_in"])
    later: Sequence[Done] = person.events.get(second.get("event") or second["not"], [])
    for begun in person.events.get(first["event"], []):
        if not _counts(asked, begun.at, begun.day, now, today):
            continue
        came = any(
            (begun.at, begun.id) < (done.at, done.id) and done.at <= begun.at + span
            for done in later
        )
        if "not" in second and not came and begun.at + span <= now:
            return True
        if "event" in second and came:
            return True
    return False
