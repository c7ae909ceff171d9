"""Two versions of a flow beside each other, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flows.domain.differences import ADDED, CHANGED, MOVED, REMOVED, compare_steps, list_followers
from flows.services.drafts import look_at

LOOKS: Final[Mapping[str, tuple[str, str, str]]] = {
    ADDED: ("Added", "good", "plus"),
    REMOVED: ("Removed", "bad", "minus"),
    CHANGED: ("Changed", "info", "edit"),
    MOVED: ("Leads elsewhere", "neutral", "return"),
}
"""Word, tone and icon of each kind of change."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One step or rule that differs.

    Attributes:
        word: such as ``Added``, with its ``tone`` and ``icon``.
        title: of the step, or the name of the rule.
        before: what it said; empty where it was not there.
        after: what it says; empty where it is gone.
    """

    word: str
    tone: str
    icon: str
    title: str
    before: str = ""
    after: str = ""


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Return what differs between two definitions: the rules first, then each step.

    Args:
        old: a definition, which need not be sound.
        new: likewise.
    """
    before, after = look_at(old), look_at(new)
    return [*_rules(before, after), *_steps(old, new, before["nodes"], after["nodes"])]


def _rules(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    said = [
        {"Starts with": look["trigger"]["title"], **dict(look["trigger"]["rules"])}
        for look in (before, after)
    ]
    labels = dict.fromkeys([*said[1], *said[0]])
    return [
        Difference(*LOOKS[CHANGED], label, said[0].get(label, ""), said[1].get(label, ""))
        for label in labels
        if said[0].get(label, "") != said[1].get(label, "")
    ]


def _steps(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> list[Difference]:
    found = []
    for change in compare_steps(old, new):
        was, now = before.get(change.key), after.get(change.key)
        title = (now or was or {}).get("title", "") or change.key
        words = _speak(was, title), _speak(now, title)
        if change.kind == MOVED:
            words = _follow(old, change.key, before), _follow(new, change.key, after)
        found.append(Difference(*LOOKS[change.kind], title, *words))
    return found


def _follow(graph: Mapping[str, Any], key: str, looks: Mapping[str, Any]) -> str:
    """Say what follows a step, such as ``Then Wait 7 days``."""
    titles = [looks.get(each, {}).get("title", "") or each for each in list_followers(graph, key)]
    return f"Then {', '.join(titles)}" if titles else ""


def _speak(look: Mapping[str, Any] | None, title: str) -> str:
    """Return what a step says, with its title where that is another one."""
    if look is None:
        return ""
    own = look["title"] if look["title"] != title else ""
    return ". ".join(filter(None, (own, look["text"])))
