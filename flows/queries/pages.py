"""Reads of the pages: the list of flows with figures, and a flow drawn with its counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count

from flows.choices import RunStatus
from flows.domain.graph import (
    Delay,
    EventTrigger,
    Exit,
    ExitOn,
    Graph,
    Message,
    Node,
    SegmentTrigger,
    Split,
)
from flows.domain.layout import Place, lay_out
from flows.domain.parsing import parse_graph
from flows.domain.words import speak_delay, speak_message, speak_property, speak_reentry
from flows.models import Flow, FlowRun, FlowVersion
from flows.queries import people
from flows.types import NodeCounts
from kernel.clock import start_of_day
from kernel.formats import find_zone
from kernel.sql import run_sql
from messaging.choices import SkipReason
from messaging.models import Template
from messaging.queries.messages import count_by_flow, count_by_node, count_skips_by_reason
from messaging.queries.words import JUDGEMENTS, Judgement
from segments.domain.definitions import products_named
from segments.domain.words import begin_sentence, describe, go_on
from segments.queries.conditions import parse_definition
from segments.queries.listing import speak_money, titles_of

DAYS = 30
_SKIP_WORDS = dict(SkipReason.choices)


@dataclass(frozen=True, slots=True)
class FlowSummary:
    """One row of the list of flows; figures of the last 30 days, ``daily`` entered per day."""

    flow: Flow
    trigger: str
    active: int
    failed: int
    entered: int
    messages: Mapping[str, int]
    daily: Sequence[int]


@dataclass(frozen=True, slots=True)
class Card:
    """A node as it is drawn.

    Attributes:
        kind: ``message``, ``delay``, ``split`` or ``exit``.
        skips: messages that a gate stopped here, by the reason in words, and what it means.
        branches: of a split: word, visits that went this way, cards.
        is_repeat: drawn before; a reference stands here.
        is_shared: an end of several ways; it shows no figures.
    """

    key: str
    kind: str
    title: str
    text: str
    counts: NodeCounts
    skips: Sequence[tuple[str, int, Judgement | None]] = ()
    branches: Sequence[tuple[str, int, Sequence["Card"]]] = ()
    is_repeat: bool = False
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What a definition names is called: segments and products by id, templates by key."""

    graph: Graph
    segments: Mapping[int, str]
    templates: Mapping[str, str]
    products: Mapping[int, str]

    def segment(self, segment_id: int) -> str:
        """Return the name of a segment."""
        return self.segments.get(segment_id, "a deleted segment")

    def message(self, key: str) -> str:
        """Return the name of what a message node sends."""
        node = self.graph.nodes.get(key)
        if not isinstance(node, Message):
            return key
        return self.templates.get(node.template, node.template)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A flow as it is drawn; ``rules`` are label and words."""

    trigger: str
    rules: Sequence[tuple[str, str]]
    cards: Sequence[Card]


def list_summaries(*, now: datetime, zone: str) -> list[FlowSummary]:
    """Return every flow with the figures of the last 30 days, live ones first.

    Args:
        now: aware.
        zone: the tenant's IANA zone, which says what a day is.
    """
    flows = sorted(Flow.objects.all(), key=lambda flow: (flow.status != "live", flow.name))
    today = now.astimezone(find_zone(zone)).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    since = start_of_day(days[0], zone)
    runs = {row.flow_id: row for row in run_sql("flows.count_runs", since=since)}
    daily = _daily(since, zone)
    sent = count_by_flow([flow.pk for flow in flows], since=since)
    triggers = _triggers(flows)
    return [
        FlowSummary(
            flow=flow,
            trigger=triggers.get(flow.pk, "Not published yet"),
            active=row.active if (row := runs.get(flow.pk)) else 0,
            failed=row.failed if row else 0,
            entered=row.entered if row else 0,
            messages=sent.get(flow.pk, {}),
            daily=[daily.get((flow.pk, day), 0) for day in days],
        )
        for flow in flows
    ]


def find_by_name(text: str, *, limit: int) -> list[tuple[int, str]]:
    """Return id and name of the flows whose name holds a text, by name."""
    found = Flow.objects.filter(name__icontains=text).order_by("name", "id")
    return list(found.values_list("id", "name")[:limit])


def find_flow(flow_id: int) -> Flow | None:
    """Return one flow, or None."""
    return Flow.objects.filter(pk=flow_id).first()


def list_versions(flow_id: int) -> list[FlowVersion]:
    """Return the versions of a flow, newest first."""
    return list(FlowVersion.objects.filter(flow_id=flow_id).order_by("-number"))


def find_version(flow_id: int, number: int) -> FlowVersion | None:
    """Return one version of a flow, or None."""
    return FlowVersion.objects.filter(flow_id=flow_id, number=number).first()


def count_statuses(flow_id: int) -> dict[str, int]:
    """Return how many runs of a flow stand where, by status."""
    rows = FlowRun.objects.filter(flow_id=flow_id).values_list("status")
    found = dict(rows.annotate(number=Count("id")))
    return {status: found.get(status, 0) for status in RunStatus.values}


def draw(version: FlowVersion) -> Drawing:
    """Return a version as it is drawn, with the counts of all runs of its flow."""
    graph = parse_graph(version.graph)
    names = _find_names(graph)
    counts = _counts(version.flow_id)
    skips = count_skips_by_reason(version.flow_id)

    def build(place: Place) -> Card:
        node = place.node
        counted = counts.get(node.id, NodeCounts())
        title, text = _words(node, names)
        return Card(
            key=node.id,
            kind=type(node).__name__.lower(),
            title=title,
            text=text,
            counts=counted,
            skips=[
                (_SKIP_WORDS.get(reason, reason), number, JUDGEMENTS.get(reason))
                for reason, number in sorted(skips.get(node.id, {}).items())
            ],
            branches=[
                (
                    branch.word,
                    counted.results.get(branch.word, 0),
                    [build(inner) for inner in branch.chain],
                )
                for branch in place.branches
            ],
            is_repeat=place.is_repeat,
            is_shared=place.is_shared,
        )

    return Drawing(
        trigger=_trigger_words(graph, names.segments),
        rules=_rules(graph, names),
        cards=[build(place) for place in lay_out(graph)],
    )


def node_titles(flow: Flow) -> dict[str, str]:
    """Return what the nodes of a flow's current version are called, by key."""
    version = find_version(flow.pk, flow.version_number)
    if version is None:
        return {}
    graph = parse_graph(version.graph)
    names = _find_names(graph)
    return {key: _words(node, names)[0] for key, node in graph.nodes.items()}


def condition_words(condition: Mapping[str, Any], names: "Names") -> str:
    """Return a condition of a flow in words."""
    if "message" in condition:
        return f"“{names.message(condition['message'])}” was {condition['is']}"
    children = condition.get("children")
    if children and any(_asks_messages(child) for child in children):
        parts = [go_on(condition_words(child, names)) for child in children]
        if condition["op"] == "not":
            return "Not (" + ", ".join(parts) + ")"
        return begin_sentence(f" {condition['op']} ".join(parts))
    return describe(parse_definition(condition), speak_money, names.segments, names.products)


def _find_names(graph: Graph) -> Names:
    templates = dict(Template.objects.values_list("key", "name"))
    products = titles_of(key for condition in _conditions(graph) for key in _products_in(condition))
    return Names(graph, people.all_segment_names(), templates, products)


def _conditions(graph: Graph) -> Iterator[Mapping[str, Any]]:
    if graph.entry_filter is not None:
        yield graph.entry_filter
    for node in graph.nodes.values():
        if isinstance(node, Split):
            yield node.condition


def _products_in(condition: Mapping[str, Any]) -> set[int]:
    if "message" in condition:
        return set()
    if _asks_messages(condition):
        return {key for child in condition["children"] for key in _products_in(child)}
    return products_named(parse_definition(condition))


def _asks_messages(condition: Mapping[str, Any]) -> bool:
    return "message" in condition or any(map(_asks_messages, condition.get("children", ())))


def _daily(since: datetime, zone: str) -> dict[tuple[int, date], int]:
    rows = run_sql("flows.count_entered", since=since, zone=zone)
    return {(row.flow_id, row.day): row.entered for row in rows}


def _triggers(flows: Sequence[Flow]) -> dict[int, str]:
    numbers = {flow.pk: flow.version_number for flow in flows}
    versions = FlowVersion.objects.filter(flow_id__in=numbers).values_list(
        "flow_id", "number", "graph"
    )
    graphs = {
        flow_id: parse_graph(raw) for flow_id, number, raw in versions if number == numbers[flow_id]
    }
    names = people.segment_names(
        {
            graph.trigger.segment_id
            for graph in graphs.values()
            if isinstance(graph.trigger, SegmentTrigger)
        }
    )
    return {flow_id: _trigger_words(graph, names) for flow_id, graph in graphs.items()}


def _trigger_words(graph: Graph, names: Mapping[int, str]) -> str:
    match graph.trigger:
        case EventTrigger(event=event):
            return event
        case SegmentTrigger(segment_id=segment_id):
            return f"Enters {names.get(segment_id, 'a deleted segment')}"


def _rules(graph: Graph, names: Names) -> list[tuple[str, str]]:
    rules = []
    if isinstance(graph.trigger, EventTrigger) and graph.trigger.where:
        where = " and ".join(speak_property(condition) for condition in graph.trigger.where)
        rules.append(("Only when", where))
    if graph.entry_filter is not None:
        rules.append(("Who", condition_words(graph.entry_filter, names)))
    rules.append(("How often", speak_reentry(graph.reentry)))
    if graph.exit_on:
        exits = ", ".join(_exit_words(exit_on, graph, names) for exit_on in graph.exit_on)
        rules.append(("Leaves early", exits))
    return rules


def _exit_words(exit_on: ExitOn, graph: Graph, names: Names) -> str:
    if exit_on.segment_id is not None:
        words = f"Enters {names.segment(exit_on.segment_id)}"
    else:
        words = exit_on.event
    return f"{words} (goal)" if exit_on == graph.goal else words


def _words(node: Node, names: Names) -> tuple[str, str]:
    match node:
        case Message(id=key):
            return names.message(key), speak_message(node)
        case Delay(zone=zone):
            return speak_delay(node), zone or "In the profile's own time zone"
        case Split(condition=condition):
            return "Split", condition_words(condition, names)
        case Exit(reason=reason):
            return "End", reason


def _counts(flow_id: int) -> dict[str, NodeCounts]:
    runs = FlowRun.objects.filter(flow_id=flow_id, status__in=["active", "failed"])
    standing: dict[tuple[str, str], int] = {
        (node, status): number
        for node, status, number in runs.values_list("current_node", "status").annotate(
            number=Count("id")
        )
    }
    results: dict[str, dict[str, int]] = {}
    for row in run_sql("flows.count_steps", flow_id=flow_id):
        results.setdefault(row.node_id, {})[row.result] = row.visits
    messages = count_by_node(flow_id)
    keys = {node for node, _ in standing} | results.keys() | messages.keys()
    return {
        key: NodeCounts(
            waiting=standing.get((key, "active"), 0),
            failed=standing.get((key, "failed"), 0),
            passed=sum(results.get(key, {}).values()) - results.get(key, {}).get("exited", 0),
            results=results.get(key, {}),
            messages=messages.get(key, {}),
        )
        for key in keys
    }


def flatten(cards: Sequence[Card]) -> Iterator[Card]:
    """Yield cards and those of their branches, in the order in which they are drawn."""
    for card in cards:
        yield card
        for _, _, inner in card.branches:
            yield from flatten(inner)
