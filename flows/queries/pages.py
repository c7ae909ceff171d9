"""Reads of the pages: the list of flows with figures, and a flow drawn with its counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count

from flows.choices import RunStatus
from flows.domain.graph import EventTrigger, Graph, SegmentTrigger
from flows.domain.layout import Place, lay_out
from flows.domain.parsing import parse_graph
from flows.domain.start_words import speak_trigger
from flows.domain.words import speak_property, speak_reentry, speak_way
from flows.models import Flow, FlowRun, FlowVersion
from flows.queries import people
from flows.queries.node_words import (
    Names,
    condition_words,
    exit_words,
    find_names,
    look_of,
    node_words,
    shares_of,
)
from flows.types import NodeCounts
from kernel.clock import start_of_day
from kernel.formats import find_zone
from kernel.sql import run_sql
from messaging.choices import SkipReason
from messaging.queries.messages import count_by_flow, count_by_node, count_skips_by_reason
from messaging.queries.words import JUDGEMENTS, Judgement

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
        kind: ``message``, ``wait``, ``choice``, ``act``, ``jump`` or ``end``.
        symbol: of its kind.
        skips: messages that a gate stopped here, by the reason in words, and what it means.
        branches: of a node with several ways out.
        is_repeat: drawn before; a reference stands here.
        is_shared: an end of several ways; it shows no figures.
    """

    key: str
    kind: str
    symbol: str
    title: str
    text: str
    counts: NodeCounts
    skips: Sequence[tuple[str, int, Judgement | None]] = ()
    branches: Sequence["DrawnWay"] = ()
    is_repeat: bool = False
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class DrawnWay:
    """One way out of a node: its word and how it is shown, who went it, and what follows."""

    word: str
    label: str
    tone: str
    symbol: str
    visits: int
    cards: Sequence[Card]


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
    flows = list_flows()
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


def list_flows() -> list[Flow]:
    """Return every flow of the tenant, live ones first."""
    return sorted(Flow.objects.all(), key=lambda flow: (flow.status != "live", flow.name))


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
    names = find_names(graph)
    counts = _counts(version.flow_id)
    skips = count_skips_by_reason(version.flow_id)

    def build(place: Place) -> Card:
        node = place.node
        counted = counts.get(node.id, NodeCounts())
        title, text = node_words(node, names)
        return Card(
            key=node.id,
            kind=(look := look_of(node)).kind,
            symbol=look.symbol,
            title=title,
            text=text,
            counts=counted,
            skips=[
                (_SKIP_WORDS.get(reason, reason), number, JUDGEMENTS.get(reason))
                for reason, number in sorted(skips.get(node.id, {}).items())
            ],
            branches=[
                DrawnWay(
                    branch.word,
                    *speak_way(branch.word, shares_of(node)),
                    visits=counted.results.get(branch.word, 0),
                    cards=[build(inner) for inner in branch.chain],
                )
                for branch in place.branches
            ],
            is_repeat=place.is_repeat,
            is_shared=place.is_shared,
        )

    return Drawing(
        trigger=speak_trigger(graph.trigger, names.segments),
        rules=_rules(graph, names),
        cards=[build(place) for place in lay_out(graph)],
    )


def describe_rules(graph: Graph, names: Names) -> tuple[str, list[tuple[str, str]]]:
    """Return what starts a flow, and its rules as label and words."""
    return speak_trigger(graph.trigger, names.segments), _rules(graph, names)


def count_nodes(flow_id: int) -> dict[str, NodeCounts]:
    """Return what happened at each node of a flow, over all its runs."""
    return _counts(flow_id)


def node_titles(flow: Flow) -> dict[str, str]:
    """Return what the nodes of a flow's current version are called, by key."""
    version = find_version(flow.pk, flow.version_number)
    if version is None:
        return {}
    graph = parse_graph(version.graph)
    names = find_names(graph)
    return {key: node_words(node, names)[0] for key, node in graph.nodes.items()}


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
    return {flow_id: speak_trigger(graph.trigger, names) for flow_id, graph in graphs.items()}


def _rules(graph: Graph, names: Names) -> list[tuple[str, str]]:
    rules = []
    if isinstance(graph.trigger, EventTrigger) and graph.trigger.where:
        where = " and ".join(speak_property(condition) for condition in graph.trigger.where)
        rules.append(("Only when", where))
    if graph.entry_filter is not None:
        rules.append(("Who", condition_words(graph.entry_filter, names)))
    rules.append(("How often", speak_reentry(graph.reentry)))
    if graph.skips_only and graph.entry_filter is not None:
        rules.append(("Who no longer matches", "Misses the message and goes on"))
    if graph.exit_on:
        exits = ", ".join(exit_words(exit_on, graph, names) for exit_on in graph.exit_on)
        rules.append(("Leaves early", exits))
    return rules


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
