"""What the timeline says of returns, reviews and tickets."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm.choices import NEGATIVE_RATING, ReturnStatus, ReviewStatus
from crm.models import Event
from crm.panels import EventWords

CARE_EVENTS = (
    "Return Initiated",
    "Return Updated",
    "Return Completed",
    "Review Submitted",
    "Review Updated",
    "Ticket Opened",
    "Ticket Reopened",
    "Ticket Resolved",
)
_RETURNS = {str(value): str(label) for value, label in ReturnStatus.choices}
_REVIEWS = {str(value): str(label) for value, label in ReviewStatus.choices}


def speak_care(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what happened after the sale."""
    return {event.pk: _speak(event.name, event.properties) for event in events}


def _speak(name: str, said: Mapping[str, Any]) -> EventWords:
    if name.startswith("Return"):
        return _speak_return(name, said)
    if name.startswith("Review"):
        return _speak_review(name, said)
    return _speak_ticket(name, said)


def _speak_return(name: str, said: Mapping[str, Any]) -> EventWords:
    number = said.get("number", "")
    of = f"a return of order {number}" if number else "a return"
    if name == "Return Initiated":
        text = " · ".join(filter(None, [_goods(said), str(said.get("reason", ""))]))
        return EventWords("return", f"Asked for {of}", text, "bad")
    if name == "Return Completed":
        return EventWords("return", f"Finished {of}", _goods(said))
    state = _RETURNS.get(str(said.get("status")), "Changed")
    return EventWords("return", f"{state}: {of}", str(said.get("reason", "")))


def _goods(said: Mapping[str, Any]) -> str:
    items = [item for item in said.get("items", []) if isinstance(item, dict)]
    return ", ".join(
        f"{item.get('quantity') or 1} × {item.get('title') or item.get('sku') or 'an item'}"
        for item in items[:3]
    )


def _speak_review(name: str, said: Mapping[str, Any]) -> EventWords:
    rating = int(said.get("rating") or 0)
    stars = "1 star" if rating == 1 else f"{rating} stars"
    tone = "bad" if rating <= NEGATIVE_RATING else "good"
    if name == "Review Submitted":
        return EventWords("star", f"Gave {stars}", str(said.get("title", "")), tone)
    state = "Answered" if said.get("is_answered") else _REVIEWS.get(str(said.get("status")), "")
    return EventWords("star", f"A review of {stars} was changed", state)


def _speak_ticket(name: str, said: Mapping[str, Any]) -> EventWords:
    subject = str(said.get("subject", ""))
    if name == "Ticket Resolved":
        return EventWords("ticket", "A ticket was resolved", subject, "good")
    channel = str(said.get("channel", ""))
    title = "Opened a ticket" if name == "Ticket Opened" else "A ticket was opened again"
    return EventWords("ticket", title, " · ".join(filter(None, [subject, channel])), "accent")
