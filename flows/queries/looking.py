"""A draft as the builder shows it: each step in words, and what is wrong where."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from flows.domain.advice import advise
from flows.domain.conditions import is_shaped
from flows.domain.graph import Graph, Node, Split, reachable, ways
from flows.domain.lint import lint
from flows.domain.nodes import Branches
from flows.domain.parsing import examine_graph
from flows.domain.words import speak_way
from flows.errors import Problem
from flows.queries.node_words import (
    Names,
    condition_words,
    find_names,
    look_of,
    node_words,
    shares_of,
)
from flows.queries.pages import describe_rules

STAND_IN: Final[Mapping[str, Any]] = {"field": "order_count", "is": ">=", "value": 0}
"""Stands where a condition cannot be read, so that everything around it can."""
CheckCondition = Callable[[Any, str], Problem | None]
"""Says what is wrong with a condition at a place."""


class DraftLook:
    """What can be said of a draft, whatever state it is in.

    Attributes:
        graph: with stand-ins where something is wrong.
        problems: of form, of conditions, and what `flows.domain.lint` finds, each place once.
    """

    def __init__(self, raw: Mapping[str, Any], check_condition: CheckCondition) -> None:
        self._unread: dict[str, Problem] = {}
        sound = self._stand_in(deepcopy(dict(raw)), check_condition)
        self.graph, faults = examine_graph(sound)
        found = [*faults, *self._unread.values(), *_findings(self.graph, is_whole=not faults)]
        self.problems = list(_once(found))

    def describe(self, more: Iterable[Problem] = ()) -> dict[str, Any]:
        """Return words, problems and advice as plain values.

        Args:
            more: problems that others found.
        """
        names = find_names(self.graph)
        title, rules = describe_rules(self.graph, names)
        problems = list(_once([*self.problems, *more]))
        return {
            "nodes": {key: self._tell(node, names) for key, node in self.graph.nodes.items()},
            "said": dict(self._conditions_said(names)),
            "trigger": {"title": title, "rules": rules},
            "problems": [_place(problem, self.graph) for problem in problems],
            "advice": [_place(problem, self.graph) for problem in advise(self.graph)],
        }

    def _stand_in(self, raw: dict[str, Any], check: CheckCondition) -> dict[str, Any]:
        """Put the stand-in where a condition cannot be understood, and note why."""
        for holder, key, path in _condition_places(raw):
            condition = holder.get(key)
            if condition is None and path == "entry_filter":
                continue
            problem = _find_fault(condition, path, check)
            if problem is not None:
                self._unread[path] = problem
                holder[key] = dict(STAND_IN)
        return raw

    def _tell(self, node: Node, names: Names) -> dict[str, Any]:
        path = f"nodes.{node.id}"
        look = look_of(node)
        title, text = node_words(node, names)
        if any(place.startswith(f"{path}.") for place in self._unread):
            text = ""
        shares = shares_of(node)
        return {
            "kind": look.kind,
            "icon": look.symbol,
            "title": title,
            "text": text,
            "ways": [{"word": word, **speak_way(word, shares)._asdict()} for word, _ in ways(node)],
        }

    def _conditions_said(self, names: Names) -> Iterator[tuple[str, str]]:
        """Yield the place and the words of every condition that can be read."""
        if self.graph.entry_filter is not None and "entry_filter" not in self._unread:
            yield "entry_filter", condition_words(self.graph.entry_filter, names)
        for key, node in self.graph.nodes.items():
            for at, condition in _conditions_of(node):
                path = f"nodes.{key}.{at}"
                if path not in self._unread and condition:
                    yield path, condition_words(condition, names)


def _find_fault(condition: Any, path: str, check: CheckCondition) -> Problem | None:
    if condition is None:
        return Problem(path, "is missing")
    return check(condition, path) if is_shaped(condition) else Problem(path, "is no condition")


def _condition_places(raw: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield who holds each condition of a definition, under which key, and its place."""
    if isinstance(raw, dict):
        yield raw, "entry_filter", "entry_filter"
    nodes = raw.get("nodes")
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        kind = node.get("type") if isinstance(node, dict) else None
        if kind == "split":
            yield node, "condition", f"nodes.{name}.condition"
        branches = node.get("branches") if kind == "branches" else None
        for at, way in enumerate(branches if isinstance(branches, list) else ()):
            if isinstance(way, dict):
                yield way, "condition", f"nodes.{name}.branches.{at}.condition"


def _conditions_of(node: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, Split):
        yield "condition", node.condition
    if isinstance(node, Branches):
        yield from (
            (f"branches.{at}.condition", way.condition) for at, way in enumerate(node.branches)
        )


def _findings(graph: Graph, *, is_whole: bool) -> list[Problem]:
    """Return what lint finds; a draft with a way that leads nowhere is not blamed for more."""
    found = lint(graph)
    if is_whole:
        return found
    lost = {f"nodes.{key}" for key in set(graph.nodes) - reachable(graph)}
    return [problem for problem in found if problem.path not in lost]


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the first problem of each place, and none below a place that is blamed already."""
    seen: set[str] = set()
    for problem in problems:
        parts = problem.path.split(".")
        if any(".".join(parts[:length]) in seen for length in range(3, len(parts) + 1)):
            continue
        if problem.path not in seen:
            seen.add(problem.path)
            yield problem


def _place(problem: Problem, graph: Graph) -> dict[str, str]:
    """Return a problem with the node that it is at, and the place inside it."""
    if not problem.path.startswith("nodes."):
        return {"node": "", "at": problem.path, "text": problem.text}
    rest = problem.path.removeprefix("nodes.")
    fitting = [key for key in graph.nodes if rest == key or rest.startswith(f"{key}.")]
    node = max(fitting, key=len, default=rest)
    return {"node": node, "at": rest[len(node) + 1 :], "text": problem.text}
