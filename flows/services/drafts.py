"""Drafts: what members make of a flow before it is published, saved as they work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from flows.choices import ON, FlowStatus
from flows.domain.definition_text import read_definition
from flows.errors import GraphError, Problem, TextError
from flows.models import Flow, FlowDraft, FlowVersion
from flows.queries.looking import DraftLook
from flows.services.conditions import check_condition
from flows.services.flows import create_flow, publish, set_status
from flows.services.surroundings import check_surroundings
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound, Outdated
from tenants.services import audit

NEW_NAME: Final = "New flow"
MOST_TRIES: Final = 200
LONGEST_NAME: Final = 120
EMPTY: Final[dict[str, Any]] = {
    "trigger": {},
    "reentry": {"policy": "once"},
    "entry_node": "end",
    "nodes": {"end": {"type": "exit"}},
}
"""What an empty canvas begins with."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being made of a flow.

    Attributes:
        revision: 0 while nobody saved anything.
        edited_by: e-mail address of the member who saved last; empty with revision 0.
        is_published: it says what the live version says.
    """

    graph: dict[str, Any]
    revision: int
    edited_by: str
    edited_at: datetime | None
    is_published: bool


def open_draft(flow: Flow) -> Draft:
    """Return what was saved last, else the live version, else an empty canvas."""
    row = FlowDraft.objects.filter(flow_id=flow.pk).first()
    live = FlowVersion.objects.filter(flow_id=flow.pk, number=flow.version_number).first()
    if row is None:
        graph = dict(live.graph) if live else EMPTY
        return Draft(graph, 0, "", None, is_published=live is not None)
    is_same = live is not None and live.graph == row.graph
    return Draft(dict(row.graph), row.revision, row.edited_by, row.edited_at, is_published=is_same)


def read_graph(text: str) -> dict[str, Any]:
    """Return the definition that a text holds; it need not be sound.

    Raises:
        Invalid: the text holds no definition.
    """
    try:
        return read_definition(text)
    except TextError as exc:
        raise Invalid(f"The definition cannot be read: {exc}.", fields={"graph": str(exc)}) from exc


@transaction.atomic
def save_draft(
    flow_id: int, graph: Mapping[str, Any], *, revision: int | None, actor: str
) -> FlowDraft:
    """Keep what somebody made so far.

    Who begins to work on a draft is recorded, each save of theirs after that is not.

    Args:
        flow_id: the flow.
        graph: from `read_graph`.
        revision: which the member has seen; None overwrites whatever is there.
        actor: e-mail address of the member.

    Raises:
        NotFound: there is no such flow.
        Outdated: somebody else saved in between.
    """
    _lock(flow_id)
    row = FlowDraft.objects.filter(flow_id=flow_id).first()
    current = row.revision if row else 0
    if revision is not None and revision != current:
        raise Outdated("Somebody else saved this flow while you worked on it.")
    if row is not None and row.graph == graph:
        return row
    now = clock.now()
    if row is None or row.edited_by != actor:
        before = {"revision": current, "by": row.edited_by} if row else None
        after = {"revision": current + 1, "steps": len(graph.get("nodes", {}))}
        audit.record("flow.draft_edited", "flow", flow_id, before=before, after=after, actor=actor)
    if row is None:
        return FlowDraft.objects.create(
            flow_id=flow_id, graph=dict(graph), edited_by=actor, edited_at=now
        )
    row.graph, row.revision, row.edited_by, row.edited_at = dict(graph), current + 1, actor, now
    row.save(update_fields=["graph", "revision", "edited_by", "edited_at"])
    return row


@transaction.atomic
def publish_draft(
    flow_id: int, *, revision: int | None, is_on: bool | None, actor: str
) -> FlowVersion:
    """Publish what is in the draft; people on their way keep the version they entered with.

    Args:
        flow_id: the flow.
        revision: which the member has seen; None publishes whatever is there.
        is_on: whether the flow is switched on with it; None leaves it as it is.
        actor: e-mail address of the member.

    Raises:
        NotFound: there is no such flow.
        Outdated: somebody else saved in between.
        Invalid: the definition cannot run; ``fields`` names every place.
    """
    flow = _lock(flow_id)
    draft = open_draft(flow)
    if revision is not None and revision != draft.revision:
        raise Outdated("Somebody else saved this flow while you worked on it.")
    version = publish(flow_id, draft.graph, actor=actor)
    if is_on is not None and is_on != (flow.status in ON):
        set_status(flow_id, FlowStatus.LIVE if is_on else FlowStatus.DISABLED)
    return version


@transaction.atomic
def restore_version(flow_id: int, number: int, *, actor: str) -> FlowDraft:
    """Take an older version as the draft; what was in the draft stays in the audit trail.

    Raises:
        NotFound: there is no such flow, or no such version of it.
    """
    flow = _lock(flow_id)
    version = FlowVersion.objects.filter(flow_id=flow_id, number=number).first()
    if version is None:
        raise NotFound("This version does not exist.")
    draft = open_draft(flow)
    audit.record(
        "flow.draft_restored",
        "flow",
        flow_id,
        before={"graph": draft.graph},
        after={"version": number},
        actor=actor,
    )
    return save_draft(flow_id, version.graph, revision=None, actor=actor)


@transaction.atomic
def start_flow(
    graph: Mapping[str, Any], *, name: str, description: str, actor: str, key: str = ""
) -> Flow:
    """Create a flow with a draft; where the name is taken, it gets a number.

    Args:
        graph: what its draft begins with.
        name: wanted.
        description: what it is for; may be empty.
        actor: e-mail address of the member.
        key: word of a library flow; empty for the merchant's own.

    Raises:
        Conflict: too many flows have this name.
    """
    wanted = name.strip()[:LONGEST_NAME] or NEW_NAME
    taken = set(Flow.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    free = (
        each
        for number in range(1, MOST_TRIES)
        if (each := wanted if number == 1 else f"{wanted} {number}") not in taken
    )
    found = next(free, None)
    if found is None:
        raise Conflict(f"Too many flows are called {wanted}.")
    flow = create_flow(name=found, key=key, description=description)
    save_draft(flow.pk, graph, revision=None, actor=actor)
    return flow


@transaction.atomic
def rename_flow(flow_id: int, *, name: str, description: str) -> Flow:
    """Change what a flow is called.

    Raises:
        NotFound: there is no such flow.
        Invalid: the name is empty or too long.
        Conflict: another flow has the name.
    """
    flow = _lock(flow_id)
    wanted = name.strip()
    if not wanted or len(wanted) > LONGEST_NAME or "\x00" in wanted + description:
        text = f"must be 1 to {LONGEST_NAME} characters"
        raise Invalid("Give the flow a name.", fields={"name": text})
    if Flow.objects.filter(name=wanted).exclude(pk=flow_id).exists():
        raise Conflict(f"A flow named {wanted} exists already.", fields={"name": "is taken"})
    after = {"name": wanted, "description": description.strip()}
    before = {"name": flow.name, "description": flow.description}
    audit.record_change("flow.renamed", "flow", flow_id, before=before, after=after)
    flow.name, flow.description = wanted, description.strip()
    flow.save(update_fields=["name", "description", "updated_at"])
    return flow


def look_at(graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return words, problems and advice of a draft, whatever state it is in."""
    look = DraftLook(graph, find_fault)
    return look.describe(_surroundings(look))


def find_fault(condition: Any, path: str) -> Problem | None:
    """Return what is wrong with a condition; None where nothing is."""
    try:
        check_condition(condition, path)
    except GraphError as exc:
        return exc.problems[0]
    return None


def _surroundings(look: DraftLook) -> list[Problem]:
    try:
        check_surroundings(look.graph)
    except GraphError as exc:
        return list(exc.problems)
    return []


def _lock(flow_id: int) -> Flow:
    flow = Flow.objects.select_for_update(no_key=True).filter(pk=flow_id).first()
    if flow is None:
        raise NotFound("This flow does not exist.")
    return flow
