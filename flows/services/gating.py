"""What flows have to say before a message leaves: the first two gates of messaging.

Both are asked again at the very moment of sending, because a queued message may have waited.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from flows.choices import ON, FlowStatus, RunStatus
from flows.domain.graph import ExitOn, Graph
from flows.queries import people
from flows.queries.runs import sending_runs
from flows.queries.versions import find_graphs
from flows.services.exit_conditions import Leaver, find_met_exits
from messaging.choices import SkipReason
from messaging.types import PendingMessage, Verdict
from segments.services.evaluate import matching

LOOK_AGAIN: Final = timedelta(hours=1)


def ask_exit_condition(messages: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
    """Stop messages of runs that ended early, of flows that are off, and whose exit came since.

    Args:
        messages: a batch of the active tenant; those of no flow are not answered for.
        now: aware; those of a paused flow are asked again an hour later.
    """
    ours = [message for message in messages if message.flow_run_id]
    runs = sending_runs([message.flow_run_id for message in ours if message.flow_run_id])
    graphs = find_graphs([run.version_id for run in runs.values()])
    met = find_met_exits(_leavers(ours, runs, graphs))
    verdicts: dict[int, Verdict] = {}
    for message in ours:
        run = runs.get(message.flow_run_id or 0)
        if run is None:
            verdicts[message.id] = Verdict(passed=False, detail="the run does not exist any more")
            continue
        reason = _reason_over(run) or _reason_met(met.get(message.id))
        if not reason and run.flow__status == FlowStatus.PAUSED:
            verdicts[message.id] = Verdict(
                passed=False,
                detail="the flow is paused",
                reason=SkipReason.HELD,
                wait_until=now + LOOK_AGAIN,
            )
            continue
        if run.version_id not in graphs:
            reason = reason or "the definition of the flow cannot be read"
        verdicts[message.id] = Verdict(passed=not reason, detail=reason)
    return verdicts


def ask_flow_filter(messages: Sequence[PendingMessage], now: datetime) -> Mapping[int, Verdict]:
    """Stop messages to profiles that do not match the entry filter of their flow any more."""
    ours = [message for message in messages if message.flow_run_id]
    runs = sending_runs([message.flow_run_id for message in ours if message.flow_run_id])
    graphs = find_graphs([run.version_id for run in runs.values()])
    asking: dict[int, list[PendingMessage]] = defaultdict(list)
    for message in ours:
        run = runs.get(message.flow_run_id or 0)
        graph = graphs.get(run.version_id) if run is not None else None
        if run is not None and graph is not None and graph.entry_filter is not None:
            asking[run.version_id].append(message)
    verdicts: dict[int, Verdict] = {}
    for version_id, group in asking.items():
        profiles = sorted({message.profile.id for message in group})
        met = matching(graphs[version_id].entry_filter, profiles, now)
        for message in group:
            passed = message.profile.id in met
            detail = "" if passed else "does not match the entry filter any more"
            verdicts[message.id] = Verdict(passed=passed, detail=detail)
    return verdicts


def _reason_over(run: Any) -> str:
    if run.status == RunStatus.EXITED:
        return str(run.exit_reason)
    return "" if run.flow__status in ON else "the flow is not live"


def _reason_met(exit_on: ExitOn | None) -> str:
    if exit_on is None:
        return ""
    return exit_on.event or "entered a segment that ends the flow"


def _leavers(
    messages: Sequence[PendingMessage], runs: Mapping[int, Any], graphs: Mapping[int, Graph]
) -> list[Leaver]:
    return [
        Leaver(
            key=message.id,
            graph=graphs[run.version_id],
            profile_id=message.profile.id,
            since=_since(run),
            trigger_event_id=run.trigger_event_id,
            trigger=run.trigger,
        )
        for message in messages
        if (run := runs.get(message.flow_run_id or 0)) is not None and run.version_id in graphs
    ]


def _since(run: Any) -> datetime:
    at = people.trigger_time(run.trigger)
    return at if at is not None else run.started_at
