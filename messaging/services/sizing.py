"""How a short message looks and what it costs while somebody types it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from crm.choices import Channel
from messaging.domain.prices import PAID
from messaging.domain.sms_text import SmsSize, measure, spell_plainly
from messaging.errors import TemplateInvalid
from messaging.queries.spending import Estimate, estimate
from messaging.services.checking import compile_short
from messaging.services.trying import Tried, try_template

LOOKS: Final = (("android", "Android"), ("ios", "iPhone"), ("desktop", "Desktop browser"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A short message as a made-up reader gets it.

    Attributes:
        characters: of the rendered text.
        size: how it travels as SMS, without what is added to it when it is sent; None elsewhere.
        problem: why it cannot be shown; empty where it can.
        cost: of one message to this reader; None where no price was entered.
        url, image: of a push message, as they were typed; a picture only where it is an address.
    """

    title: str
    text: str
    characters: int
    size: SmsSize | None = None
    problem: str = ""
    url: str = ""
    image: str = ""
    cost: Estimate | None = None

    @property
    def host(self) -> str:
        """Return where a push message leads, as browsers write it; empty where that depends."""
        return (urlsplit(self.url).hostname or "") if is_address(self.url) else ""

    @property
    def looks(self) -> tuple[tuple[str, str], ...]:
        """Return the systems that show a push message each in its own way."""
        return LOOKS


def describe_text(channel: str, text: str, content: Mapping[str, Any]) -> Shown:
    """Return how a draft of a short message reads, rendered for a made-up reader.

    Args:
        channel: a `crm.choices.Channel` word.
        text: Liquid.
        content: of the channel.
    """
    try:
        tried = try_template(compile_short(text, content))
    except TemplateInvalid as exc:
        return Shown("", text, len(text), problem=exc.detail)
    return describe_tried(channel, content, tried)


def describe_tried(channel: str, content: Mapping[str, Any], tried: Tried) -> Shown:
    """Return how a short message reads that was rendered for somebody."""
    if tried.rendered is None:
        return Shown("", "", 0, problem=tried.problem)
    said = tried.rendered.text.strip()
    title = tried.rendered.subject if content.get("title") else ""
    size = measure(spell_plainly(said)) if channel == Channel.SMS else None
    url, image = (str(content.get(name, "")).strip() for name in ("url", "image"))
    cost = None
    if channel in PAID and said:
        cost = estimate(channel, size.parts if size else 1, tried.reader.country)
    picture = image if is_address(image) else ""
    return Shown(title, said, len(said), size, url=url, image=picture, cost=cost)


def is_address(text: str) -> bool:
    """Whether a text is a whole address of the web, with nothing left to fill in."""
    return text.startswith(("https://", "http://")) and "{" not in text
