"""The report of a flow: who entered, what was sent, what it brought. Six statements in all."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count

from flows.choices import EntryOutcome, RunStatus
from flows.domain.graph import Graph, targets
from flows.domain.parsing import parse_graph
from flows.domain.reports import (
    DayReport,
    Days,
    Figures,
    FlowReport,
    MessageReport,
    StepReport,
)
from flows.models import Flow, FlowEntry, FlowRun, FlowVersion
from flows.queries.node_words import find_names, node_words
from kernel.clock import end_of_day, start_of_day
from kernel.sql import run_sql
from messaging.choices import MessageStatus
from messaging.queries.reports import count_fates, credit_orders

_WAITING = frozenset({MessageStatus.PENDING, MessageStatus.SENDING})
_STOPPED = frozenset({MessageStatus.SKIPPED, MessageStatus.CANCELLED})


def report_flow(flow_id: int, days: Days, *, zone: str) -> FlowReport:
    """Return the report of a flow over some days.

    Entries count on their day; messages, and the orders credited to them, on the day on which
    the message left, or was to leave where it did not.

    Args:
        flow_id: of the active tenant.
        days: of the tenant's calendar.
        zone: the tenant's IANA zone.
    """
    span = {"since": start_of_day(days.first, zone), "until": end_of_day(days.last, zone)}
    by_day = {day: DayReport(day) for day in days.each}
    for row in run_sql("flows.report_entries", flow_id=flow_id, zone=zone, **span):
        by_day[row.day].entered, by_day[row.day].converted = row.entered, row.converted
    messages: dict[tuple[str, str], MessageReport] = {}
    for row in count_fates(flow_id, zone=zone, **span):
        report = messages.setdefault(
            (row.node_id, row.channel), MessageReport(row.node_id, row.channel)
        )
        figures = _read_fate(row)
        report.figures.add(figures)
        by_day[row.day].figures.add(figures)
        if row.reason:
            report.skips[row.reason] = report.skips.get(row.reason, 0) + row.messages
    for row in credit_orders(flow_id, zone=zone, **span):
        won = Figures(orders=row.orders, gross_minor=row.gross, refunded_minor=row.refunded)
        messages[row.node_id, row.channel].figures.add(won)
        by_day[row.day].figures.add(won)
    waiting = _count_waiting(flow_id)
    return FlowReport(
        days=list(by_day.values()),
        messages=list(messages.values()),
        steps=_steps(flow_id, waiting, span),
        refused=_count_refused(flow_id, span),
        waiting=sum(waiting.values()),
    )


def name_nodes(flow: Flow, wanted: set[str]) -> dict[str, str]:
    """Return what nodes are called, in the order of the newest version; older ones name the rest.

    Args:
        flow: of the active tenant.
        wanted: keys of nodes; those that no version names are left out.
    """
    titles: dict[str, str] = {}
    versions = FlowVersion.objects.filter(flow_id=flow.pk).order_by("-number")
    for version in versions.iterator(chunk_size=10):
        for key, title in name_graph(parse_graph(version.graph)).items():
            if key in wanted:
                titles.setdefault(key, title)
        if wanted <= titles.keys():
            break
    return titles


def name_graph(graph: Graph) -> dict[str, str]:
    """Return what the nodes of a definition are called, as somebody comes to them."""
    names = find_names(graph)
    return {key: node_words(graph.nodes[key], names)[0] for key in _in_order(graph)}


def _in_order(graph: Graph) -> list[str]:
    """Return the nodes as somebody comes to them; the store keeps them in no order of its own."""
    found: dict[str, None] = {}
    waiting = [graph.entry_node]
    while waiting:
        key = waiting.pop()
        if key not in found and key in graph.nodes:
            found[key] = None
            waiting.extend(reversed(targets(graph.nodes[key])))
    return list(found)


def _read_fate(row: Any) -> Figures:
    is_sent = row.status == MessageStatus.SENT
    is_stopped, is_waiting = row.status in _STOPPED, row.status in _WAITING
    return Figures(
        sent=row.messages if is_sent else 0,
        delivered=row.delivered,
        opened=row.opened,
        clicked=row.clicked,
        bounced=row.bounced,
        unsubscribed=row.unsubscribed,
        skipped=row.messages if is_stopped else 0,
        waiting=row.messages if is_waiting else 0,
        failed=0 if is_sent or is_stopped or is_waiting else row.messages,
    )


def _count_waiting(flow_id: int) -> dict[str, int]:
    """Return how many runs stand at each node now."""
    runs = FlowRun.objects.filter(flow_id=flow_id, status=RunStatus.ACTIVE)
    return dict(runs.values_list("current_node").annotate(number=Count("pk")))


def _steps(flow_id: int, waiting: Mapping[str, int], span: Mapping[str, Any]) -> list[StepReport]:
    rows = {row.node_id: row for row in run_sql("flows.report_steps", flow_id=flow_id, **span)}
    return [
        StepReport(
            node,
            passed=row.passed if (row := rows.get(node)) else 0,
            left_early=row.left_early if row else 0,
            waiting=waiting.get(node, 0),
        )
        for node in sorted(rows.keys() | waiting.keys())
    ]


def _count_refused(flow_id: int, span: Mapping[str, Any]) -> dict[str, int]:
    entries = FlowEntry.objects.filter(
        flow_id=flow_id,
        outcome=EntryOutcome.REFUSED,
        at__gte=span["since"],
        at__lt=span["until"],
    )
    rows = entries.values_list("reason").annotate(number=Count("pk"))
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))
