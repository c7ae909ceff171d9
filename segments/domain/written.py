"""Checked conditions as JSON again: what is read of it is the same condition."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, assert_never

from segments.domain.comparisons import (
    PROPERTY_PREFIX,
    PROPERTY_TYPES,
    FieldLeaf,
    PropertyLeaf,
    Quartiles,
    StoreFigure,
    TopShare,
)
from segments.domain.dates import DateValue, DaysAgo, HoursAgo, InMonths, Yearly
from segments.domain.definitions import ConsentLeaf, Group, KeptLeaf, Leaf, Node, SegmentLeaf
from segments.domain.happenings import (
    BoughtLeaf,
    EventLeaf,
    Happening,
    Measure,
    PropertyTest,
    SeasonLeaf,
    ShareLeaf,
    Window,
)
from segments.domain.sequences import EdgeLeaf, FunnelLeaf, Sequence, Step
from segments.domain.standing import MoveLeaf, NearLeaf, ReachLeaf, StageLeaf, Standing
from segments.types import Kind

Json = dict[str, Any]
_TYPES: Mapping[Kind, str] = {kind: word for word, kind in PROPERTY_TYPES.items()}


def write(node: Node) -> Json:
    """Return a tree as the JSON that it would be read from."""
    if isinstance(node, Group):
        return {"op": node.op, "children": [write(child) for child in node.children]}
    return write_leaf(node)


def write_leaf(leaf: Leaf) -> Json:
    """Return one condition as JSON."""
    match leaf:
        case FieldLeaf() | PropertyLeaf():
            return _write_comparison(leaf)
        case ConsentLeaf() | SegmentLeaf() | KeptLeaf():
            return _write_state(leaf)
        case EventLeaf() | BoughtLeaf() | SeasonLeaf() | ShareLeaf():
            return _write_happening(leaf)
        case FunnelLeaf() | EdgeLeaf():
            return _write_sequence(leaf)
        case ReachLeaf() | MoveLeaf() | NearLeaf() | StageLeaf():
            return _write_standing(leaf)
        case _:
            assert_never(leaf)


def _write_comparison(leaf: FieldLeaf | PropertyLeaf) -> Json:
    if isinstance(leaf, FieldLeaf):
        return _filled({"field": leaf.field.name, "is": leaf.operator}, leaf.value)
    named = {"field": PROPERTY_PREFIX + leaf.key, "type": _TYPES[leaf.kind]}
    return _filled({**named, "is": leaf.operator}, leaf.value)


def _write_state(leaf: ConsentLeaf | SegmentLeaf | KeptLeaf) -> Json:
    if isinstance(leaf, ConsentLeaf):
        return {"consent": leaf.channel, "is": leaf.state}
    if isinstance(leaf, KeptLeaf):
        raise TypeError("a segment that is kept as stored is not written")
    state = "member" if leaf.is_member else "not_member"
    return {"segment": str(leaf.segment_id), "is": state, **_write_window(leaf.joined)}


def _filled(named: Json, value: object) -> Json:
    return named if value is None else {**named, "value": _write_value(named["is"], value)}


def _write_value(operator: str, value: object) -> object:
    match value:
        case TopShare() | StoreFigure() | Quartiles():
            return _write_among_all(value)
        case DaysAgo() | HoursAgo() | InMonths() | Yearly():
            return _write_date(operator, value)
        case tuple():
            return [_plain(one) for one in value]
        case _:
            return _plain(value)


def _write_among_all(value: TopShare | StoreFigure | Quartiles) -> object:
    match value:
        case TopShare():
            return {"percent": _plain(value.percent)}
        case Quartiles():
            return list(value.numbers)
        case StoreFigure():
            percentile = {"percentile": _plain(value.percent)}
            return {"store": percentile if value.measure == "percentile" else value.measure}


def _write_date(operator: str, value: DateValue) -> object:
    match value:
        case InMonths():
            return list(value.months)
        case HoursAgo():
            return _write_ago(operator, "hours", value)
        case DaysAgo():
            return _write_ago(operator, "days", value)
        case Yearly():
            return _write_yearly(value)


def _write_ago(operator: str, unit: str, value: DaysAgo | HoursAgo) -> object:
    match operator:
        case "in_the_next":
            return {unit: -value.near}
        case "at_least_ago":
            return {unit: value.near}
        case "between_ago":
            return [{unit: value.near}, {unit: value.far}]
        case _:
            return {unit: value.far}


def _write_yearly(value: Yearly) -> object:
    if value.period:
        return f"this_{value.period}"
    if value.first == value.last:
        return "today"
    return {"last": {"days": -value.first}} if value.first else {"next": {"days": value.last}}


def _plain(value: object) -> object:
    """Return a number as JSON has it, digits kept; a date as its ISO form."""
    if isinstance(value, Decimal):
        if value == int(value):
            return int(value)
        near = float(value)
        return near if Decimal(repr(near)) == value else f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value


def _write_happening(leaf: Happening) -> Json:
    match leaf:
        case EventLeaf():
            return {
                "event": leaf.name,
                **_write_measure(leaf.measure),
                **_write_tests(leaf.tests),
                **_write_window(leaf.window),
            }
        case BoughtLeaf():
            goods = {key: list(words) for key, words in leaf.goods}
            measured = _write_measure(leaf.measure)
            return {"bought": goods, **measured, **_write_window(leaf.window)}
        case SeasonLeaf():
            season = {"months": list(leaf.months)} if leaf.months else {"each": leaf.each}
            share = {"share": {"percent": _plain(leaf.percent)}} if leaf.percent else {}
            return {"season": season, "years": leaf.years, **share}
        case ShareLeaf():
            seed = {"seed": leaf.seed} if leaf.seed else {}
            return {"random_bucket": {"percent": _plain(leaf.percent), **seed}}
        case _:
            assert_never(leaf)


def _write_measure(measure: Measure) -> Json:
    compared = {"is": measure.operator, "value": _plain(measure.value)}
    if measure.property:
        return {"sum": {"property": measure.property, **compared}}
    return {"count": compared}


def _write_tests(tests: Iterable[PropertyTest]) -> Json:
    written = [write_test(one) for one in tests]
    return {"where": written} if written else {}


def write_test(test: PropertyTest) -> Json:
    """Return a test of a property of an event as JSON."""
    return _filled({"property": test.key, "is": test.operator}, test.value)


def _write_window(window: Window) -> Json:
    spans = (
        ("within", "days", window.days),
        ("within", "hours", window.hours),
        ("before", "days", window.before_days),
        ("before", "hours", window.before_hours),
    )
    found: Json = {key: {unit: count} for key, unit, count in spans if count is not None}
    if window.since is not None:
        found["since"] = window.since.isoformat()
    if window.until is not None:
        found["until"] = window.until.isoformat()
    if window.months:
        found["months"] = list(window.months)
    if window.yearly is not None:
        found["anniversary"] = _write_yearly(window.yearly)
    return found


def _write_sequence(leaf: Sequence) -> Json:
    match leaf:
        case FunnelLeaf():
            steps = [_write_step(step, "event") for step in leaf.steps]
            if leaf.absent is not None:
                steps.append(_write_step(leaf.absent, "not"))
            window = _write_window(leaf.window)
            return {"funnel": steps, "complete_in": {"hours": leaf.hours}, **window}
        case EdgeLeaf():
            key = "first_event" if leaf.is_first else "last_event"
            return {key: leaf.name, **_write_tests(leaf.tests), **_write_window(leaf.window)}
        case _:
            assert_never(leaf)


def _write_step(step: Step, key: str) -> Json:
    return {key: step.name, **_write_tests(step.tests)}


def _write_standing(leaf: Standing) -> Json:
    match leaf:
        case ReachLeaf():
            return {"reachable": leaf.channel, "is": leaf.is_reachable}
        case MoveLeaf():
            groups = {"from": list(leaf.before)} if leaf.before else {}
            groups |= {"to": list(leaf.now)} if leaf.now else {}
            since = (
                {"since": leaf.since.isoformat()} if leaf.since else {"within": {"days": leaf.days}}
            )
            return {"rfm_moved": groups, **since}
        case NearLeaf():
            return {"near": _write_place(leaf), "within": {leaf.unit: _plain(leaf.reach)}}
        case StageLeaf():
            return {"stage": list(leaf.stages)}
        case _:
            assert_never(leaf)


def _write_place(leaf: NearLeaf) -> Json:
    if leaf.postcode:
        return {"postcode": leaf.postcode, "country": leaf.country}
    return {"latitude": _plain(leaf.latitude), "longitude": _plain(leaf.longitude)}
