"""UTM parameters: what links tell the shop's own statistics of their message. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

PARAMETERS: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
DEFAULTS: Final = {
    "utm_source": "patron",
    "utm_medium": "{channel}",
    "utm_campaign": "{campaign}",
    "utm_content": "{template}",
    "utm_term": "",
}
NAMES: Final = {
    "campaign": "name of the campaign or flow; of any other message its template",
    "template": "name of the template",
    "node": "step of the flow",
    "channel": "email, SMS or push",
    "class": "what the message is for, such as promotional",
}
"""What may stand in braces, with words for people."""
MOST: Final = 200
"""Letters of one value."""
_PLACE = re.compile(r"\{(\w*)\}")
_OWN = re.compile(r"(^|[&;])utm_", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Utm:
    """What links get.

    Attributes:
        patterns: by parameter; one without a pattern is left out.
    """

    is_on: bool
    patterns: Mapping[str, str]


OFF: Final = Utm(is_on=False, patterns={})


def unknown_names(pattern: str) -> list[str]:
    """Return the names in braces that nobody knows."""
    return [name for name in _PLACE.findall(pattern) if name not in NAMES]


def override(utm: Utm, said: Any) -> Utm:
    """Return what holds for one message.

    Args:
        utm: of the tenant.
        said: of the message or its template: False leaves its links alone, a mapping replaces the
            patterns that it names; anything else says nothing.
    """
    if said is None:
        return utm
    if said is False:
        return OFF
    if not isinstance(said, Mapping):
        return utm
    own = {name: str(said[name]) for name in PARAMETERS if name in said}
    return Utm(utm.is_on or bool(own), {**(utm.patterns or DEFAULTS), **own})


def fill_patterns(utm: Utm, values: Mapping[str, str]) -> str:
    """Return the parameters of one message as they stand in an address; empty for none."""
    if not utm.is_on:
        return ""
    said = [(name, _fill(utm.patterns.get(name, ""), values)) for name in PARAMETERS]
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in said if value)


def tag_link(url: str, parameters: str) -> str:
    """Return a link with parameters; one with UTM parameters of its own, or not of the web, as is.

    Args:
        url: of a link; everything in it stays as it was written.
        parameters: from `fill_patterns`.
    """
    if not parameters or not url.lower().startswith(("https://", "http://")):
        return url
    try:
        query = urlsplit(url).query
    except ValueError:
        return url
    if _OWN.search(query):
        return url
    head, mark, fragment = url.partition("#")
    joint = "" if head.endswith(("?", "&")) else "&" if "?" in head else "?"
    return f"{head}{joint}{parameters}{mark}{fragment}"


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    said = _PLACE.sub(lambda found: values.get(found[1], ""), pattern)
    return " ".join(said.split())[:MOST]
