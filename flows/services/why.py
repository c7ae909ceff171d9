"""Why somebody got what a flow sends, or did not: every attempt, step, message and gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crm.domain.channels import CHANNEL_WORDS
from flows.choices import RUNNING, EntryOutcome, Refusal
from flows.domain.graph import EventTrigger, Graph, Message, Policy, SegmentTrigger
from flows.domain.parsing import parse_graph
from flows.domain.starts import ADDED, event_of
from flows.domain.words import speak_reentry
from flows.models import Flow, FlowEntry, FlowRun
from flows.queries import pages, people, reach, runs
from flows.queries.node_words import condition_words, find_names
from flows.queries.stories import Telling, tell_runs
from segments.services.evaluate import matching

LOOKS_BACK: Final = timedelta(days=365)
"""So far back it is looked whether what starts a flow has happened."""
_REFUSALS = dict(Refusal.choices)
NOT_PUBLISHED = "The flow is not published"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that decides whether somebody would get in and be written to today.

    Attributes:
        key: stable word.
        passed: None where it can only be said when it happens.
        detail: what was found of the person, in words.
        at: aware; when that was, where it was at one time.
    """

    key: str
    words: str
    passed: bool | None
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to enter, and what came of it.

    Attributes:
        entry: None for a run that no event started.
        reason: why it was refused, in words; empty where it was not.
        run: None where none began.
        told: the run step by step, oldest first.
    """

    at: datetime
    entry: FlowEntry | None
    reason: str
    run: FlowRun | None
    told: Sequence[Telling]


@dataclass(frozen=True, slots=True)
class Why:
    """One person and one flow; attempts are newest first."""

    checks: Sequence[Check]
    attempts: Sequence[Attempt]

    @property
    def entered(self) -> int:
        """How many attempts began a run."""
        return sum(attempt.run is not None for attempt in self.attempts)


def explain(flow: Flow, profile_id: int, now: datetime) -> Why:
    """Return why a person got what a flow sends, or did not, as far as is known.

    Args:
        flow: of the active tenant.
        profile_id: of the active tenant.
        now: aware; what is asked of the person is asked as of then.
    """
    return Why(_check(flow, profile_id, now), _list_attempts(flow.pk, profile_id))


def _list_attempts(flow_id: int, profile_id: int) -> list[Attempt]:
    began = runs.runs_of_person(flow_id, profile_id)
    told = tell_runs(began) if began else {}
    by_event = {run.trigger_event_id: run for run in began if run.trigger_event_id is not None}
    attempts = []
    for entry in runs.entries_of(flow_id, profile_id):
        is_in = entry.outcome == EntryOutcome.ENROLLED
        run = by_event.pop(entry.event_id, None) if is_in else None
        reason = _REFUSALS.get(entry.reason, entry.reason)
        attempts.append(Attempt(entry.at, entry, reason, run, told[run.pk] if run else ()))
    known = {attempt.run.pk for attempt in attempts if attempt.run is not None}
    attempts += [
        Attempt(run.started_at, None, "", run, told[run.pk]) for run in began if run.pk not in known
    ]
    return sorted(attempts, key=lambda attempt: attempt.at, reverse=True)


def _check(flow: Flow, profile_id: int, now: datetime) -> list[Check]:
    is_live = flow.status in RUNNING
    words = "The flow is on" if is_live else "The flow is off, so nobody enters"
    checks = [Check("live", words, is_live)]
    version = pages.find_version(flow.pk, flow.version_number)
    if version is None:
        return [*checks, Check("version", NOT_PUBLISHED, passed=False)]
    graph = parse_graph(version.graph)
    names = find_names(graph)
    trigger, _ = pages.describe_rules(graph, names)
    checks.append(_check_trigger(graph, trigger, profile_id, now))
    if graph.entry_filter is not None:
        is_met = bool(matching(graph.entry_filter, [profile_id], now))
        said = condition_words(graph.entry_filter, names)
        detail = "Matches today" if is_met else "Does not match today"
        checks.append(Check("entry_filter", said, is_met, detail))
    checks.append(_check_frequency(flow.pk, graph, profile_id, now))
    return checks + _check_channels(graph, profile_id, now)


def _check_trigger(graph: Graph, words: str, profile_id: int, now: datetime) -> Check:
    trigger = graph.trigger
    if isinstance(trigger, SegmentTrigger):
        inside = people.segments_of([profile_id]).get(profile_id, frozenset())
        said = "Is in the segment now" if trigger.segment_id in inside else "Is not in it now"
        return Check("trigger", words, None, said)
    name = trigger.event if isinstance(trigger, EventTrigger) else event_of(trigger) or ADDED
    found = people.last_events([profile_id], [name], since=now - LOOKS_BACK)
    at = found.get((profile_id, name))
    if at is None:
        return Check("trigger", words, passed=False, detail="Has not happened within a year")
    return Check("trigger", words, passed=True, detail="Happened last", at=at)


def _check_frequency(flow_id: int, graph: Graph, profile_id: int, now: datetime) -> Check:
    words = speak_reentry(graph.reentry)
    last = people.last_starts([flow_id], [profile_id]).get((flow_id, profile_id))
    if last is None:
        return Check("frequency", words, passed=True, detail="Has not entered yet")
    began = last[1]
    policy = graph.reentry.policy
    is_free: bool | None
    if policy is Policy.AFTER:
        is_free = began <= now - graph.reentry.gap
    else:
        is_free = None if policy is Policy.KEYED else policy is Policy.EVERY_TIME
    return Check("frequency", words, is_free, "Entered last", began)


def _check_channels(graph: Graph, profile_id: int, now: datetime) -> list[Check]:
    """Say of each channel, and kind of message, of a flow whether the person can be reached."""
    wanted = dict.fromkeys(
        (node.channel, node.message_class in reach.MARKETING)
        for node in graph.nodes.values()
        if isinstance(node, Message)
    )
    checks = []
    for is_marketing in sorted({is_marketing for _, is_marketing in wanted}):
        channels = [channel for channel, kind in wanted if kind is is_marketing]
        kind = "promotional" if is_marketing else "transactional"
        able = reach.find_channels([profile_id], channels, kind, now).get(profile_id, frozenset())
        for channel in channels:
            label = CHANNEL_WORDS.get(channel, channel)
            words = f"Can be sent {'marketing' if is_marketing else 'service messages'} by {label}"
            detail = "" if channel in able else "No address, no consent, or suppressed"
            key = f"reach_{channel}_{'marketing' if is_marketing else 'service'}"
            checks.append(Check(key, words, channel in able, detail))
    return checks
