"""One run told step by step, for its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.domain.channels import CHANNEL_LABELS
from flows.models import FlowRun, RunStep
from flows.queries.pages import Card, draw, flatten
from flows.queries.runs import messages_of, steps_of
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


def tell_run(run: FlowRun) -> list[Telling]:
    """Return what happened to a run from its entry to where it stands, oldest first."""
    drawing = draw(run.version)
    cards = {card.key: card for card in flatten(drawing.cards)}
    messages = messages_of(run)
    told = [Telling(drawing.trigger, "Entered the flow", run.started_at, "bolt", "accent")]
    told += [
        _tell(step, cards.get(step.node_id), messages.get((step.node_id, step.visit)))
        for step in steps_of(run.pk)
    ]
    standing = cards.get(run.current_node)
    if run.wake_at is not None and standing is not None:
        words = "Waits here until then" if run.is_waiting else "Is due here"
        told.append(Telling(standing.title, words, run.wake_at, "clock"))
    return told


def _tell(step: RunStep, card: Card | None, message: Mapping[str, Any] | None) -> Telling:
    result, _, reason = step.result.partition(": ")
    title = card.title if card else step.node_id
    if result == "exited":
        return Telling(title, f"Left the flow here: {reason}", step.at, "logout")
    words = _WORDS.get(result, result)
    if result == "way":
        words = f"Went the way of {CHANNEL_LABELS.get(reason, reason)}"
    if card and result in {"yes", "no"}:
        title = card.text
    symbol = card.symbol if card else "dot"
    tone = "good" if message and message["status"] == "sent" else "neutral"
    return Telling(title, words, step.at, symbol, tone, _in_words(message))


def _in_words(message: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a message with its gates in words, and whether its reason is healthy or harmful."""
    if message is None:
        return None
    gates = [{**gate, "words": GATES.get(gate["gate"], gate["gate"])} for gate in message["gates"]]
    return {**message, "gates": gates, "judgement": JUDGEMENTS.get(message["reason"])}
