"""One message as its page shows it: every gate, every touch, and what led to both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from messaging.choices import MessageStatus, TouchKind
from messaging.gates import GATE_ORDER
from messaging.models import Message, Touch
from messaging.panels import list_flows
from messaging.queries.listing import REASONS
from messaging.queries.spending import cost_of
from messaging.queries.words import GATES, JUDGEMENTS, Judgement

TOUCHES = 200
"""Most touches of one message that a page shows."""
RENDER = "render"
BEFORE_GATES = ("stop", "rate")
AFTER_GATES = ("warm_up",)
"""What lets a message wait before and after the gates; named only where it was asked."""
_TOUCHES = {
    TouchKind.DELIVERED: ("good", "Delivered", "good"),
    TouchKind.OPENED: ("eye", "Opened", "accent"),
    TouchKind.CLICKED: ("link", "Clicked", "accent"),
    TouchKind.BOUNCED: ("error", "Bounced", "bad"),
    TouchKind.COMPLAINED: ("warn", "Marked as spam", "bad"),
    TouchKind.UNSUBSCRIBED: ("blocked", "Unsubscribed", "bad"),
}


@dataclass(frozen=True, slots=True)
class AskedGate:
    """One gate in the one order; ``passed`` is None for one that was not asked."""

    gate: str
    words: str
    passed: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a message's time line; ``flag`` says what a machine did."""

    at: datetime
    symbol: str
    title: str
    text: str = ""
    tone: str = "neutral"
    flag: str = ""


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """A message with everything its page shows.

    Attributes:
        gates: in the one order; empty before it was looked at, or after its person was erased.
        judgement: whether the reason is healthy or harmful; None without a reason.
        can_retry: certainly not delivered, and nobody is at it.
        cost: by the prices of today; empty on channels that cost nothing.
    """

    message: Message
    flow: str
    reason_text: str
    judgement: Judgement | None
    gates: list[AskedGate]
    steps: list[Step]
    has_more_touches: bool
    can_retry: bool
    cost: str = ""


def find_message_detail(message_id: int) -> MessageDetail | None:
    """Return a message with gates and touches; None when there is none."""
    rows = Message.objects.select_related("profile", "template", "account")
    message = rows.filter(pk=message_id).first()
    if message is None:
        return None
    touches = list(Touch.objects.filter(message_id=message_id).order_by("at", "pk")[: TOUCHES + 1])
    return MessageDetail(
        message=message,
        flow=list_flows().get(message.flow_id or 0, ""),
        reason_text=REASONS.get(message.reason, message.reason),
        judgement=JUDGEMENTS.get(message.reason),
        gates=_gates(message.gates or []),
        steps=_steps(message, touches[:TOUCHES]),
        has_more_touches=len(touches) > TOUCHES,
        can_retry=message.status == MessageStatus.FAILED,
        cost=cost_of(message),
    )


def _gates(asked: list[dict[str, Any]]) -> list[AskedGate]:
    """Return every gate in its order; those after the first no were not asked."""
    if not asked:
        return []
    found = {str(gate["gate"]): gate for gate in asked}
    stopped = any(not gate["passed"] for gate in asked)
    gates = []
    for name in (*BEFORE_GATES, *GATE_ORDER, *AFTER_GATES, RENDER):
        gate = found.get(name)
        if gate is None and (name not in (*GATE_ORDER, RENDER) or not stopped):
            continue
        gates.append(
            AskedGate(
                gate=name,
                words=GATES.get(name, name),
                passed=None if gate is None else bool(gate["passed"]),
                detail="" if gate is None else str(gate["detail"]),
            )
        )
    return gates


def _steps(message: Message, touches: list[Touch]) -> list[Step]:
    steps = [Step(message.created_at, "plus", "Queued")]
    if message.status == MessageStatus.SENT and message.sent_at:
        text = "Outcome unknown before, sent again" if message.is_resend else ""
        steps.append(Step(message.sent_at, "mail", "Handed to the mail server", text, "good"))
    elif message.claimed_at and message.status != MessageStatus.PENDING:
        reason = REASONS.get(message.reason, "")
        title = {
            MessageStatus.SKIPPED: "Skipped",
            MessageStatus.FAILED: "Failed",
            MessageStatus.UNKNOWN: "Outcome unknown",
            MessageStatus.CANCELLED: "Cancelled",
        }.get(MessageStatus(message.status), "Being sent")
        steps.append(Step(message.claimed_at, "blocked", title, reason, "bad"))
    steps += [_step(touch) for touch in touches]
    return sorted(steps, key=lambda step: step.at)


def _step(touch: Touch) -> Step:
    symbol, title, tone = _TOUCHES[TouchKind(touch.kind)]
    is_machine = touch.is_bot or touch.is_mpp
    flag = "Apple Mail Privacy Protection" if touch.is_mpp else "A machine" if touch.is_bot else ""
    return Step(touch.at, symbol, title, touch.url, "neutral" if is_machine else tone, flag)
