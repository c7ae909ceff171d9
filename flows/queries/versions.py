"""Frozen definitions, read once: a text never changes, so its graph is kept by its checksum."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from django.db.models import F, OuterRef, Q, Subquery

from flows.choices import RUNNING
from flows.domain.graph import EventTrigger, Graph
from flows.domain.parsing import parse_graph
from flows.errors import GraphError
from flows.models import Flow, FlowEntry, FlowVersion
from flows.types import LiveFlow
from messaging.models import Coupon
from messaging.panels import TemplateUser
from segments.panels import SegmentUser
from stores.models import WebhookEndpoint

log = structlog.get_logger(__name__)
_KEPT = 1_000
_graphs: dict[str, Graph] = {}


def list_flow_ids() -> list[int]:
    """Return the ids of every flow of the tenant, oldest first."""
    return list(Flow.objects.order_by("pk").values_list("pk", flat=True))


def list_flow_names() -> dict[int, str]:
    """Return the names of every flow of the tenant by id, in alphabetical order."""
    return dict(Flow.objects.order_by("name").values_list("pk", "name"))


def list_flows_on() -> dict[int, str]:
    """Return the names of the flows that take people in by id, in alphabetical order."""
    flows = Flow.objects.filter(status__in=RUNNING, version_number__gt=0).order_by("name")
    return dict(flows.values_list("pk", "name"))


def list_live() -> list[LiveFlow]:
    """Return every flow that takes people in, with its live version, by flow."""
    live = FlowVersion.objects.filter(flow__status__in=RUNNING, number=F("flow__version_number"))
    rows = live.order_by("flow_id").values_list("flow_id", "pk", "flow__holdout")
    return [LiveFlow(*row) for row in rows]


def is_heard(event: str) -> bool:
    """Say whether a flow that takes people in begins with an event."""
    graphs = find_graphs([each.version_id for each in list_live()])
    return any(
        isinstance(graph.trigger, EventTrigger) and graph.trigger.event == event
        for graph in graphs.values()
    )


def find_endpoints(endpoint_ids: Collection[int]) -> set[int]:
    """Return which of some endpoints for webhooks exist."""
    if not endpoint_ids:
        return set()
    found = WebhookEndpoint.objects.filter(pk__in=set(endpoint_ids))
    return set(found.values_list("pk", flat=True))


def find_coupons(coupon_ids: Collection[int]) -> set[int]:
    """Return which of some coupons exist."""
    if not coupon_ids:
        return set()
    return set(Coupon.objects.filter(pk__in=set(coupon_ids)).values_list("pk", flat=True))


def list_segment_users() -> dict[int, list[SegmentUser]]:
    """Return the flows whose newest version names a segment, by the segment's id."""
    newest = FlowEntry.objects.filter(flow_id=OuterRef("flow_id")).order_by("-pk")
    live = FlowVersion.objects.filter(number=F("flow__version_number")).order_by("flow_id")
    found: dict[int, list[SegmentUser]] = defaultdict(list)
    rows = live.annotate(used_at=Subquery(newest.values("at")[:1]))
    for flow_id, name, status, graph, used_at in rows.values_list(
        "flow_id", "flow__name", "flow__status", "graph", "used_at"
    ):
        is_live = status in RUNNING
        trigger = graph.get("trigger") or {}
        starting = _segments_named(trigger) if trigger.get("on") != "exit" else set()
        for segment_id in sorted(_segments_named(graph)):
            user = SegmentUser(
                kind="Flow",
                name=name,
                route="flows:detail",
                object_id=flow_id,
                used_at=used_at,
                starts_on_entry=is_live and segment_id in starting,
            )
            found[segment_id].append(user)
    return dict(found)


def list_template_users(keys: Collection[str]) -> dict[str, list[TemplateUser]]:
    """Return the flows whose live or newest version sends a template, by the template's key."""
    wanted = set(keys)
    newest = FlowVersion.objects.filter(flow_id=OuterRef("flow_id")).order_by("-number")
    rows = FlowVersion.objects.filter(
        Q(number=F("flow__version_number")) | Q(number=Subquery(newest.values("number")[:1]))
    ).order_by("flow__name", "flow_id")
    found: dict[str, list[TemplateUser]] = defaultdict(list)
    for flow_id, name, graph in rows.values_list("flow_id", "flow__name", "graph"):
        user = TemplateUser(kind="Flow", name=name, route="flows:detail", object_id=flow_id)
        for key in sorted(_templates_named(graph) & wanted):
            if user not in found[key]:
                found[key].append(user)
    return dict(found)


def get_graphs(version_ids: Collection[int]) -> dict[int, Graph]:
    """Return the graphs of some versions of the active tenant, by version.

    Versions of the same text share one graph.

    Raises:
        GraphError: a stored definition cannot be read.
    """
    graphs, unreadable = _read_graphs(version_ids)
    for fault in unreadable.values():
        raise fault
    return graphs


def find_graphs(version_ids: Collection[int]) -> dict[int, Graph]:
    """Return the same without those that cannot be read, so that they stop no other flow."""
    graphs, unreadable = _read_graphs(version_ids)
    for version_id, fault in sorted(unreadable.items()):
        log.error("flow_version_unreadable", version=version_id, fault=str(fault))
    return graphs


def _read_graphs(
    version_ids: Collection[int],
) -> tuple[dict[int, Graph], dict[int, GraphError]]:
    """Return the graphs by version, and why the others cannot be read."""
    versions = FlowVersion.objects.filter(pk__in=set(version_ids))
    checksums = dict(versions.values_list("pk", "checksum"))
    graphs = {checksum: _graphs.get(checksum) for checksum in checksums.values()}
    unreadable: dict[int, GraphError] = {}
    missing = [pk for pk, checksum in checksums.items() if graphs[checksum] is None]
    if missing:
        rows = FlowVersion.objects.filter(pk__in=missing).values_list("pk", "checksum", "graph")
        loaded: dict[str, Graph] = {}
        for pk, checksum, raw in rows:
            try:
                loaded[checksum] = parse_graph(raw)
            except GraphError as fault:
                unreadable[pk] = fault
        graphs.update(loaded)
        if len(_graphs) > _KEPT:
            _graphs.clear()
        _graphs.update(loaded)
    readable = {pk: graph for pk, checksum in checksums.items() if (graph := graphs[checksum])}
    return readable, unreadable


def _templates_named(graph: Mapping[str, Any]) -> set[str]:
    """Return the keys of the templates that the messages of a definition name."""
    nodes = graph.get("nodes", {}).values()
    return {str(node["template"]) for node in nodes if node.get("template")}


def _segments_named(part: Any) -> set[int]:
    """Return every segment that a definition names, wherever it stands."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    found = {segment_id for each in inner for segment_id in _segments_named(each)}
    word = str(part.get("segment", "")) if isinstance(part, dict) else ""
    return found | {int(word)} if word.isdecimal() else found
