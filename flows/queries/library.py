"""The library as its page shows it: each flow in words, what it needs, and whether it is there."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Q

from crm.domain.channels import CHANNEL_LABELS
from flows.domain.graph import Graph
from flows.domain.graph import Message as MessageNode
from flows.domain.parsing import parse_graph
from flows.domain.start_words import speak_trigger
from flows.domain.times import find_earliest
from flows.domain.words import speak_length
from flows.library import BY_KEY, INSTALLED_FIRST, LIBRARY
from flows.library.base import (
    CHANNEL,
    EVENT,
    FLAG,
    FLOW_OFF,
    FLOW_ON,
    PROPERTY,
    START,
    Bound,
    LibraryFlow,
    Message,
    Need,
)
from flows.models import Flow, LibraryOrder
from kernel import clock
from kernel.arrays import array
from kernel.sql import run_sql
from segments.domain.starters import STARTERS

LATELY: Final = timedelta(days=90)
"""An event that is older counts as none."""
_STARTER_NAMES: Final = {starter.key: starter.name for starter in STARTERS}


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a flow: what it is called, over which channel, and when at the earliest."""

    message: Message
    channel: str
    when: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One need, and whether it is met."""

    need: Need
    is_met: bool


@dataclass(frozen=True, slots=True)
class Shelved:
    """One flow of the library as it stands with this tenant.

    Attributes:
        starts: what starts it, in words.
        place: 1, 2, 3 … of those to begin with; 0 of the others.
        installed: the flow that was made of it; None before.
    """

    flow: LibraryFlow
    starts: str
    lines: Sequence[Line]
    needs: Sequence[Checked]
    place: int
    installed: Flow | None

    @property
    def missing(self) -> list[Need]:
        """What has to be mended before it goes live."""
        return [one.need for one in self.needs if not one.is_met and not one.need.is_optional]


def list_shelf() -> list[Shelved]:
    """Return every flow in the order that the merchant wants, with what each needs."""
    return _shelve(sort_library(), list_order())


def find_shelved(key: str) -> Shelved | None:
    """Return one flow of the library; None where there is none of this key."""
    flow = BY_KEY.get(key)
    return None if flow is None else _shelve([flow], list_order())[0]


def list_order() -> list[str]:
    """Return the keys of the flows to begin with, in the merchant's order."""
    usual = [flow.key for flow in LIBRARY if flow.group == START]
    row = LibraryOrder.objects.first()
    chosen = [key for key in row.keys if key in usual] if row is not None else []
    return [*chosen, *(key for key in usual if key not in chosen)]


def sort_library() -> list[LibraryFlow]:
    """Return every flow, those to begin with first."""
    first = [BY_KEY[key] for key in list_order()]
    return [*first, *(flow for flow in LIBRARY if flow.group != START)]


def find_installed(key: str) -> Flow | None:
    """Return the flow that was made of one of the library."""
    return Flow.objects.filter(key=key).order_by("pk").first()


def is_installed() -> Q:
    """Ask whether a flow was installed from the library beside those of the beginning."""
    return Q(key__in=[flow.key for flow in LIBRARY if flow.key not in INSTALLED_FIRST])


def find_met(needs: Sequence[Need]) -> set[Need]:
    """Return those of some needs that are met; one statement for any number."""
    rows = run_sql(
        "flows.find_needs",
        since=clock.now() - LATELY,
        events=array(_asked(needs, EVENT)),
        properties=array(_asked(needs, PROPERTY)),
        flags=array(_asked(needs, FLAG)),
    )
    there = {(row.kind, row.what) for row in rows} | {(CHANNEL, "email")}
    return {need for need in needs if _is_met(need, there)}


def preview_graph(flow: LibraryFlow) -> Graph:
    """Return a definition as if all that it asks for were there; its ids stand for nothing."""
    return parse_graph(flow.build(_stand_in(flow)))


def preview_names(flow: LibraryFlow) -> tuple[Mapping[int, str], Mapping[int, str]]:
    """Return what the stand-ins of `preview_graph` are called: segments and coupons by id."""
    bound = _stand_in(flow)
    return (
        {pk: _STARTER_NAMES.get(key, key) for key, pk in bound.segments.items()},
        {bound.coupons[gift.key]: gift.name for gift in flow.coupons},
    )


def _shelve(flows: Sequence[LibraryFlow], order: Sequence[str]) -> list[Shelved]:
    needs = [need for flow in flows for need in flow.needs]
    met = find_met(needs)
    rows = Flow.objects.filter(key__in=[flow.key for flow in flows]).order_by("-pk")
    installed = {row.key: row for row in rows}
    places = {key: place for place, key in enumerate(order, 1)}
    told = {flow.key: _describe(flow.key) for flow in flows}
    return [
        Shelved(
            flow=flow,
            starts=told[flow.key][0],
            lines=told[flow.key][1],
            needs=[Checked(need, need in met) for need in flow.needs],
            place=places.get(flow.key, 0),
            installed=installed.get(flow.key),
        )
        for flow in flows
    ]


@functools.cache
def _describe(key: str) -> tuple[str, tuple[Line, ...]]:
    """Return what starts a flow, and its messages in the order in which they come."""
    flow = BY_KEY[key]
    graph = preview_graph(flow)
    earliest = find_earliest(graph)
    times: dict[str, timedelta] = {}
    for node_id, node in graph.nodes.items():
        if isinstance(node, MessageNode):
            at = earliest[node_id]
            times[node.template] = min(times.get(node.template, at), at)
    lines = sorted(flow.messages, key=lambda said: times[said.key])
    return (
        speak_trigger(graph.trigger, preview_names(flow)[0]),
        tuple(Line(said, CHANNEL_LABELS[said.channel], _when(times[said.key])) for said in lines),
    )


def _when(length: timedelta) -> str:
    return f"After {speak_length(length)}" if length else "At once"


def _stand_in(flow: LibraryFlow) -> Bound:
    return Bound(
        segments={key: place for place, key in enumerate(flow.segments, 1)},
        coupons={gift.key: place for place, gift in enumerate(flow.coupons, 1)},
    )


def _asked(needs: Sequence[Need], kind: str) -> list[str]:
    return sorted({need.what for need in needs if need.kind == kind})


def _is_met(need: Need, there: set[tuple[str, str]]) -> bool:
    if need.kind == FLOW_OFF:
        return (FLOW_ON, need.what) not in there
    return (need.kind, need.what) in there
