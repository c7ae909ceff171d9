"""How a short message looks and what it costs while somebody types it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from messaging.errors import TemplateInvalid
from messaging.services.checking import compile_short
from messaging.services.trying import Tried, try_template


@dataclass(frozen=True, slots=True)
class Shown:
    """A short message as a made-up reader gets it.

    Attributes:
        characters: of the rendered text.
        problem: why it cannot be shown; empty where it can.
    """

    title: str
    text: str
    characters: int
    problem: str = ""


def describe_text(text: str, content: Mapping[str, Any]) -> Shown:
    """Return how a draft of a short message reads, rendered for a made-up reader.

    Args:
        text: Liquid.
        content: of the channel.
    """
    try:
        tried = try_template(compile_short(text, content))
    except TemplateInvalid as exc:
        return Shown("", text, len(text), problem=exc.detail)
    return describe_tried(content, tried)


def describe_tried(content: Mapping[str, Any], tried: Tried) -> Shown:
    """Return how a short message reads that was rendered for somebody."""
    if tried.rendered is None:
        return Shown("", "", 0, problem=tried.problem)
    said = tried.rendered.text.strip()
    title = tried.rendered.subject if content.get("title") else ""
    return Shown(title, said, len(said))
