"""Trees of conditions to SQL over ``p`` (crm_profile) and ``f`` (crm_profilefacts).

Identifiers come from the registry of fields alone; everything a definition says is bound. Each
condition is true or false, never NULL: who has no value meets no comparison. Conditions on days
are compared as instants that are worked out here, so that SQL compares a column with a value;
beside each stands at how many days its truth can change, from which the next re-evaluation is
computed.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, assert_never

from segments.domain.comparisons import (
    LENGTHS,
    POSITIVE,
    QUARTILES,
    FieldLeaf,
    PropertyLeaf,
    Quartiles,
    StoreFigure,
    TopShare,
    bound_of,
    reference_key,
)
from segments.domain.compile_dates import (
    at_least,
    at_most,
    compare_calendar,
    compare_relative,
)
from segments.domain.compile_happenings import compile_happening
from segments.domain.compile_joined import compile_joined
from segments.domain.compile_properties import property_field
from segments.domain.compile_sequences import compile_sequence
from segments.domain.compile_standing import compile_standing
from segments.domain.dates import DaysAgo, HoursAgo, InMonths, Yearly
from segments.domain.days import Moment
from segments.domain.definitions import (
    ConsentLeaf,
    Group,
    KeptLeaf,
    Leaf,
    Node,
    SegmentLeaf,
)
from segments.domain.happenings import ALWAYS, BoughtLeaf, EventLeaf, SeasonLeaf, ShareLeaf
from segments.domain.query import ahead, now_of
from segments.domain.sequences import EdgeLeaf, FunnelLeaf
from segments.domain.standing import MoveLeaf, NearLeaf, ReachLeaf, StageLeaf
from segments.types import Field, Kind

_BUYS = "COALESCE(f.order_count, 0) > 0"
_ANY_OF = "EXISTS (SELECT 1 FROM unnest({column}) AS x (v) WHERE {fits})"


@dataclass(slots=True)
class Compiler:
    """Turns trees into SQL and gathers what they bind.

    Attributes:
        moment: the instant and zone they are asked for.
        money_digits: minor digits of the tenant's currency.
        references: value in minor units or plain numbers by key; None where nobody has one.
        event_span: says between which instants all events of the tenant lie; None without any.
        segment_sql: expression that says whether the profile is in a segment.
        stored_sql: the same, read from the stored memberships.
        asked_at: expression for the instant that each row is asked of, of which nothing later is
            seen; empty where it is the moment.
        params: bound values by name.
        hours: those of them that are an instant, by name, so many hours before the moment; all else
            is the same all day.
        flips: numbers of days by the instant they are counted from; at each of them after the
            instant some truth may change by time alone.
        instants: expressions for other instants at which some may.
        joins: name and statement of what stands beside a profile, by what it works out.
    """

    moment: Moment
    money_digits: int
    references: Mapping[str, Decimal | None]
    event_span: Callable[[], tuple[datetime, datetime] | None]
    segment_sql: Callable[[int], str]
    stored_sql: Callable[[int], str]
    asked_at: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    hours: dict[str, int] = field(default_factory=dict)
    flips: dict[str, set[int]] = field(default_factory=dict)
    instants: list[str] = field(default_factory=list)
    joins: dict[Hashable, tuple[str, str]] = field(default_factory=dict)

    def compile(self, node: Node) -> str:
        """Return a boolean expression for a tree."""
        if not isinstance(node, Group):
            return self.compile_leaf(node)
        parts = [self.compile(child) for child in node.children]
        if node.op == "not":
            return f"NOT ({' OR '.join(parts)})"
        return f"({f' {node.op.upper()} '.join(parts)})"

    def compile_filter(self, node: Node) -> str:
        """Return a condition for ``WHERE`` or ``WHEN``, to which what is unknown is a no already.

        Comparisons are not made a no there: that is less to work out for each profile, and the
        planner sees who cannot meet them before it puts a profile and its facts together.
        """
        if isinstance(node, Group) and node.op != "not":
            parts = [self.compile_filter(child) for child in node.children]
            return f"({f' {node.op.upper()} '.join(parts)})"
        if not isinstance(node, FieldLeaf) or node.operator in (*POSITIVE, "exists"):
            return self.compile(node)
        asked = self.as_of(node.field)
        sql = asked.stored if asked.stored and _rules_out_zero(node) else asked.sql
        return self._compare(replace(node, field=replace(asked, sql=sql)))

    def compile_leaf(self, leaf: Leaf) -> str:
        """Return a boolean expression for one condition."""
        match leaf:
            case FieldLeaf() | PropertyLeaf():
                return self._compile_comparison(leaf)
            case ConsentLeaf() | SegmentLeaf() | KeptLeaf():
                return self._compile_state(leaf)
            case EventLeaf() | BoughtLeaf() | SeasonLeaf() | ShareLeaf():
                return compile_happening(self, leaf)
            case FunnelLeaf() | EdgeLeaf():
                return compile_sequence(self, leaf)
            case ReachLeaf() | MoveLeaf() | NearLeaf() | StageLeaf():
                return compile_standing(self, leaf)
            case _:
                assert_never(leaf)

    def bind(self, value: object, cast: str = "") -> str:
        """Bind a value and return its placeholder."""
        name = f"v{len(self.params)}"
        self.params[name] = value
        return f"%({name})s{cast}"

    def bind_instant(self, hours_ago: int = 0) -> str:
        """Bind the instant so many hours before the moment and return its placeholder."""
        self.hours[f"v{len(self.params)}"] = hours_ago
        return self.bind(self.moment.hours_ago(hours_ago))

    def join(self, key: Hashable, build: Callable[[], str]) -> str:
        """Return the name of what is worked out beside a profile, once for each key."""
        if key not in self.joins:
            self.joins[key] = (f"h{len(self.joins)}", build())
        return self.joins[key][0]

    def change_at(self, instant: str) -> None:
        """Note an expression for an instant at which time alone may change a truth."""
        self.instants.append(instant)

    def change_on(self, column: str, days: int) -> None:
        """Note that a truth may change when an instant is so many calendar days ago."""
        self.flips.setdefault(column, set()).add(days)

    def as_of(self, asked: Field) -> Field:
        """Return a field as it reads at the moment, where time alone changes it one day.

        Of the past it reads as it is stored: when it ends now says nothing of when it did then.
        """
        if not asked.ends_at or self.asked_at:
            return asked
        self.change_at(ahead(self, asked.ends_at))
        is_over = f"{asked.ends_at} <= {now_of(self)}"
        sql = f"(CASE WHEN {is_over} THEN {asked.then} ELSE {asked.sql} END)"
        return replace(asked, sql=sql)

    def joined(self) -> str:
        """Return the joins that what was compiled needs behind ``p``; empty without any."""
        return "\n".join(
            f"CROSS JOIN LATERAL ({statement}) AS {name}" for name, statement in self.joins.values()
        )

    def forget_flips(self) -> None:
        """Begin anew to gather what time alone changes."""
        self.flips, self.instants = {}, []

    def next_flip(self) -> str:
        """Return an expression for the next instant at which time alone changes something.

        It is NULL where nothing will. Only days that lie ahead of the moment are looked at.
        """
        days = [self._flip_of(column, sorted(days)) for column, days in self.flips.items()]
        instants = list(self.instants)
        if days:
            zone = self.bind(self.moment.zone.key)
            instants.append(f"(LEAST({', '.join(days)})::timestamp AT TIME ZONE {zone})")
        return f"LEAST({', '.join(instants)})" if instants else "NULL::timestamptz"

    def _flip_of(self, column: str, days: Sequence[int]) -> str:
        """Return the day on which an instant is next so many days ago.

        The day of one that lies behind all of them is not worked out: of most it is so.
        """
        *nearer, last = ((count, self.bind(self.moment.days_ago(count - 1))) for count in days)
        cases = " ".join(f"WHEN {column} >= {start} THEN {count}" for count, start in nearer)
        count = f"CASE {cases} ELSE {last[0]} END" if cases else str(last[0])
        day = f"({column} AT TIME ZONE {self.bind(self.moment.zone.key)})::date"
        return f"CASE WHEN {column} >= {last[1]} THEN {day} + {count} END"

    def _compile_comparison(self, leaf: FieldLeaf | PropertyLeaf) -> str:
        if isinstance(leaf, FieldLeaf):
            return self._compile_field(replace(leaf, field=self.as_of(leaf.field)))
        read_as = property_field(self, leaf.key, leaf.kind)
        return self._compile_field(FieldLeaf(leaf.path, read_as, leaf.operator, leaf.value))

    def _compile_state(self, leaf: ConsentLeaf | SegmentLeaf | KeptLeaf) -> str:
        if isinstance(leaf, ConsentLeaf):
            return f"(p.{leaf.channel}_consent = {self.bind(leaf.state)})"
        if isinstance(leaf, KeptLeaf):
            return self.stored_sql(leaf.segment_id)
        found = self.segment_sql(leaf.segment_id)
        if leaf.joined != ALWAYS:
            return compile_joined(self, leaf, found)
        return found if leaf.is_member else f"NOT {found}"

    def _compile_field(self, leaf: FieldLeaf) -> str:
        positive = POSITIVE.get(leaf.operator)
        if positive is not None:
            return f"NOT {self._compile_field(replace(leaf, operator=positive))}"
        sql = self._existence(leaf) if leaf.operator == "exists" else self._compare(leaf)
        return _settled(sql) if leaf.field.is_nullable else sql

    def _compare(self, leaf: FieldLeaf) -> str:
        comparers: dict[Kind, Callable[[FieldLeaf], str]] = {
            Kind.NUMBER: self._number,
            Kind.MONEY: self._number,
            Kind.DAYS_SINCE: self._days_since,
            Kind.DATE: self._date,
            Kind.TEXT: self._words,
            Kind.CHOICE: self._words,
            Kind.BOOLEAN: self._boolean,
            Kind.LIST: self._list,
        }
        return comparers[leaf.field.kind](leaf)

    def _existence(self, leaf: FieldLeaf) -> str:
        column = leaf.field.sql
        if leaf.field.kind is Kind.TEXT:
            return f"({column} <> '')"
        if leaf.field.kind is Kind.LIST:
            return f"(cardinality({column}) > 0)"
        return f"({column} IS NOT NULL)"

    def _number(self, leaf: FieldLeaf) -> str:
        column, value = leaf.field.sql, leaf.value
        if isinstance(value, Quartiles):
            return self._quartiles(leaf, value)
        if isinstance(value, StoreFigure | TopShare):
            return self._reference(leaf, value)
        if isinstance(value, tuple):
            low, high = (self._amount(leaf, one) for one in value)
            return f"({column} BETWEEN {low} AND {high})"
        return f"({column} {leaf.operator} {self._amount(leaf, value)})"

    def _amount(self, leaf: FieldLeaf, value: object) -> str:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
        minor = number.scaleb(self.money_digits) if leaf.field.kind is Kind.MONEY else number
        return self._bind_number(minor)

    def _bind_number(self, number: Decimal) -> str:
        whole = int(number)
        return self.bind(whole if whole == number else number)

    def _reference(self, leaf: FieldLeaf, value: StoreFigure | TopShare) -> str:
        line = self.references.get(reference_key(leaf.field, value))
        if line is None:
            return "false"
        sign = ">=" if isinstance(value, TopShare) else leaf.operator
        compared = f"({leaf.field.sql} {sign} {self._bind_number(line)})"
        return f"({_BUYS} AND {compared})" if isinstance(value, TopShare) else compared

    def _quartiles(self, leaf: FieldLeaf, value: Quartiles) -> str:
        column, parts = leaf.field.sql, []
        for number in value.numbers:
            low, high = (self._bound(leaf, quarter) for quarter in (number - 1, number))
            if (number > 1 and low is None) or (number < QUARTILES and high is None):
                return "false"
            above = "" if low is None else f"{column} > {self._bind_number(low)}"
            upto = "" if high is None else f"{column} <= {self._bind_number(high)}"
            parts.append(" AND ".join(part for part in (above, upto) if part))
        return f"({_BUYS} AND ({' OR '.join(parts)}))"

    def _bound(self, leaf: FieldLeaf, quarter: int) -> Decimal | None:
        if not 0 < quarter < QUARTILES:
            return None
        return self.references.get(reference_key(leaf.field, bound_of(quarter)))

    def _days_since(self, leaf: FieldLeaf) -> str:
        column, value = leaf.field.sql, leaf.value
        if isinstance(value, tuple):
            low, high = (int(str(one)) for one in value)
        else:
            days = int(str(value))
            low = days + 1 if leaf.operator == ">" else days
            high = days - 1 if leaf.operator == "<" else days
        parts = []
        if leaf.operator not in ("<", "<="):
            parts.append(at_least(self, column, low))
        if leaf.operator not in (">", ">="):
            parts.append(at_most(self, column, high))
        return f"({' AND '.join(parts)})"

    def _date(self, leaf: FieldLeaf) -> str:
        column, value = leaf.field.sql, leaf.value
        if isinstance(value, DaysAgo | HoursAgo | InMonths | Yearly):
            return compare_relative(self, column, value)
        days = value if isinstance(value, tuple) else (value, value)
        first, last = (date.fromisoformat(str(one)) for one in days)
        return compare_calendar(self, column, leaf.operator, first, last)

    def _words(self, leaf: FieldLeaf) -> str:
        return self._text(leaf.field.sql, leaf.operator, leaf.value)

    def _boolean(self, leaf: FieldLeaf) -> str:
        return leaf.field.sql if leaf.value else f"NOT {leaf.field.sql}"

    def _text(self, column: str, operator: str, value: object) -> str:
        if operator == "in":
            words = [str(one).lower() for one in value] if isinstance(value, tuple) else []
            return f"(lower({column}) = ANY({self.bind(words, '::text[]')}))"
        if operator == "matches":
            return f"({column} ~* {self.bind(str(value))})"
        word = str(value).lower()
        if operator == "=":
            return f"(lower({column}) = {self.bind(word)})"
        before = "" if operator == "starts_with" else "%"
        after = "" if operator == "ends_with" else "%"
        return f"(lower({column}) LIKE {self.bind(before + _escape(word) + after)})"

    def _list(self, leaf: FieldLeaf) -> str:
        column, value = leaf.field.sql, leaf.value
        if leaf.operator in LENGTHS:
            length = f"COALESCE(cardinality({column}), 0)"
            return f"({length} {LENGTHS[leaf.operator]} {self._amount(leaf, value)})"
        if leaf.operator == "contains_text":
            return _ANY_OF.format(column=column, fits=self._text("x.v", "contains", value))
        words = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
        sign = "&&" if leaf.operator == "contains_any" else "@>"
        return f"({column} {sign} {self.bind(words, '::text[]')})"


def reference_offset(percent: Decimal, population: int) -> int:
    """Return how many buyers stand before the last one of the best ``percent``.

    Args:
        percent: above 0, below 100.
        population: buyers; 0 gives 0.
    """
    count = (percent * population / 100).to_integral_value(ROUND_CEILING)
    return max(int(count), 1) - 1


def whole(value: Decimal | None) -> int | None:
    """Round a mean half up to a whole minor unit; None stays None."""
    return None if value is None else int(rounded(value, 0))


def rounded(value: Decimal, digits: int) -> Decimal:
    """Round half up to so many digits."""
    unit = Decimal(1).scaleb(-digits)
    return (value / unit + Decimal("0.5")).to_integral_value(ROUND_FLOOR) * unit


def _rules_out_zero(leaf: FieldLeaf) -> bool:
    """Say whether nobody meets a comparison who has none of what it counts."""
    low = leaf.value[0] if isinstance(leaf.value, tuple) else leaf.value
    if not isinstance(low, int | Decimal):
        return False
    match leaf.operator:
        case ">=" | "between":
            return low > 0
        case ">":
            return low >= 0
        case "=":
            return low != 0
        case _:
            return False


def _settled(sql: str) -> str:
    """Make an unknown answer a no: who has no value meets no comparison."""
    return f"COALESCE({sql}, false)"


def _escape(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
