"""Runs told step by step, for their pages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.domain.channels import CHANNEL_LABELS
from flows.domain.parsing import parse_graph
from flows.domain.steps import GOAL
from flows.models import FlowRun, FlowVersion, RunStep
from flows.queries.node_words import find_names, look_of, node_words
from flows.queries.pages import describe_rules
from flows.queries.runs import Visit, messages_of, steps_of
from messaging.choices import Outcome
from messaging.queries.words import GATES, JUDGEMENTS

_WORDS = {
    "queued": "Message queued",
    "waited": "Waited",
    "yes": "Went the way of yes",
    "no": "Went the way of no",
    "exit": "The flow ended",
    "goal": "The goal was reached",
    "happened": "It happened",
    "timeout": "Its time was over",
    "in_stock": "It was back in stock",
    "reached": "The day came",
    "past": "The date had passed, or there was none",
    "again": "Went back",
    "otherwise": "Went the way of all others",
    "changed": "Property updated",
    "tagged": "Tags changed",
    "awarded": "Points given",
    "alerted": "Your team was told",
    "called": "The webhook was queued",
    "coupon": "Coupon chosen for what follows",
    "done": "The task was done",
    "cancelled": "The task was cancelled",
    "off": "Passed: the message is off",
    "review": "The message waits for somebody to look at it",
    "missed": "Missed the message: no longer matched the entry filter",
    "moved": "The step was removed; went on to the next one that is left",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """One line of a run's story; ``message`` as the API shows it, for a step that queued one."""

    title: str
    words: str
    at: datetime
    symbol: str
    tone: str = "neutral"
    message: Mapping[str, Any] | None = None

    @property
    def is_to_leave(self) -> bool:
        """Whether its message may still leave, also of a run that is over."""
        return self.message is not None and self.message["status"] == Outcome.PENDING


@dataclass(frozen=True, slots=True)
class _Named:
    """A version in words: what starts it, and its nodes by key."""

    trigger: str
    cards: Mapping[str, "_Card"]


@dataclass(frozen=True, slots=True)
class _Card:
    """A node in words."""

    title: str
    text: str
    symbol: str


def tell_run(run: FlowRun) -> list[Telling]:
    """Return what happened to a run from its entry to where it stands, oldest first."""
    return tell_runs([run])[run.pk]


def tell_runs(runs: Collection[FlowRun]) -> dict[int, list[Telling]]:
    """Return the same of many runs by run: two statements, and the names of each version."""
    named = {version.pk: version for version in (run.version for run in runs)}
    words = {pk: _name(version) for pk, version in named.items()}
    messages = messages_of(runs)
    steps = steps_of([run.pk for run in runs])
    return {
        run.pk: _tell_one(run, words[run.version_id], steps[run.pk], messages[run.pk])
        for run in runs
    }


def _name(version: FlowVersion) -> _Named:
    graph = parse_graph(version.graph)
    names = find_names(graph)
    trigger, _ = describe_rules(graph, names)
    cards = {
        key: _Card(*node_words(node, names), look_of(node).symbol)
        for key, node in graph.nodes.items()
    }
    return _Named(trigger, cards)


def _tell_one(
    run: FlowRun,
    named: _Named,
    steps: Sequence[RunStep],
    messages: Mapping[Visit, Mapping[str, Any]],
) -> list[Telling]:
    told = [Telling(named.trigger, "Entered the flow", run.started_at, "bolt", "accent")]
    told += [
        _tell(step, named.cards.get(step.node_id), messages.get((step.node_id, step.visit)))
        for step in steps
    ]
    standing = named.cards.get(run.current_node)
    if run.wake_at is not None and standing is not None:
        words = "Waits here until then" if run.is_waiting else "Is due here"
        told.append(Telling(standing.title, words, run.wake_at, "clock"))
    return told


def _tell(step: RunStep, card: _Card | None, message: Mapping[str, Any] | None) -> Telling:
    result = step.result.partition(": ")[0]
    title = card.title if card else step.node_id
    words = speak_result(step.result)
    if result == "exited":
        return Telling(title, words, step.at, "logout")
    if card and result in {"yes", "no"}:
        title = card.text
    symbol = card.symbol if card else "dot"
    tone = "good" if message and message["status"] == "sent" else "neutral"
    return Telling(title, words, step.at, symbol, tone, _in_words(message))


def speak_result(result: str) -> str:
    """Return in words what a step records."""
    word, _, reason = result.partition(": ")
    if word == "exited":
        goal = reason.removeprefix(f"{GOAL}: ")
        return f"{'Left the flow' if goal == reason else 'Reached the goal'} here: {goal}"
    if word == "way":
        return f"Went the way of {CHANNEL_LABELS.get(reason, reason)}"
    return _WORDS.get(word, word)


def _in_words(message: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a message with its gates in words, and whether its reason is healthy or harmful."""
    if message is None:
        return None
    gates = [{**gate, "words": GATES.get(gate["gate"], gate["gate"])} for gate in message["gates"]]
    return {**message, "gates": gates, "judgement": JUDGEMENTS.get(message["reason"])}
