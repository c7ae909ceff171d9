"""All segments of a tenant as one expression, so that one scan decides every membership."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from segments.domain.compile import Compiler
from segments.domain.definitions import Node, segments_named
from segments.errors import CircleError


@dataclass(frozen=True, slots=True)
class SharedCondition:
    """What one statement over ``p`` and ``f`` selects.

    Attributes:
        laterals: joins that work out what conditions count, and segments which others refer to, in
            order of dependence.
        segment_ids: expression for the ids of the segments that hold, ascending.
        reeval_at: expression for the next instant at which time alone changes something.
    """

    laterals: str
    segment_ids: str
    reeval_at: str


def order_by_dependence(trees: Mapping[int, Node]) -> dict[int, int]:
    """Return the level of each segment: 0 refers to none, others stand above what they refer to.

    Raises:
        CircleError: segments refer to each other.
    """
    levels: dict[int, int] = {}
    waiting = {key: segments_named(tree) & trees.keys() for key, tree in trees.items()}
    level = 0
    while waiting:
        ready = [key for key, needs in waiting.items() if needs <= levels.keys()]
        if not ready:
            raise CircleError(_find_circle(waiting))
        levels |= dict.fromkeys(ready, level)
        waiting = {key: needs for key, needs in waiting.items() if key not in levels}
        level += 1
    return levels


def _find_circle(needs: Mapping[int, set[int]]) -> list[int]:
    """Return a way round among segments of which each needs another one of them."""
    way = [min(needs)]
    while way.count(way[-1]) == 1:
        way.append(min(needs[way[-1]] & needs.keys()))
    return way[way.index(way[-1]) :]


def with_dependents(keys: Iterable[int], trees: Mapping[int, Node]) -> set[int]:
    """Return some segments with those that refer to them, at any remove."""
    found = set(keys)
    while more := {key for key, tree in trees.items() if segments_named(tree) & found} - found:
        found |= more
    return found


def build_shared(trees: Mapping[int, Node], compiler: Compiler) -> SharedCondition:
    """Compile every segment into one expression.

    A segment that others refer to is worked out once, in a join; the others stand directly in
    the array. A reference to a segment that does not exist is false.

    Args:
        trees: by segment id.
        compiler: fresh; its ``segment_sql`` is replaced.
    """
    levels = order_by_dependence(trees)
    referred = {key for tree in trees.values() for key in segments_named(tree)} & trees.keys()
    compiler.segment_sql = lambda key: f"d{levels[key]}.s{key}" if key in referred else "false"
    laterals = []
    for level in sorted({levels[key] for key in referred}):
        columns = ", ".join(
            f"{compiler.compile(trees[key])} AS s{key}"
            for key in sorted(referred)
            if levels[key] == level
        )
        # OFFSET 0 keeps the planner from working each of them out again at every reference.
        laterals.append(f"CROSS JOIN LATERAL (SELECT {columns} OFFSET 0) AS d{level}")
    cases = [
        f"CASE WHEN {_condition(key, trees[key], compiler, referred)} THEN {key}::bigint END"
        for key in sorted(trees)
    ]
    ids = f"array_remove(ARRAY[{', '.join(cases)}]::bigint[], NULL)"
    reeval_at = compiler.next_flip()
    return SharedCondition("\n".join([compiler.joined(), *laterals]), ids, reeval_at)


def _condition(key: int, tree: Node, compiler: Compiler, referred: set[int]) -> str:
    return compiler.segment_sql(key) if key in referred else compiler.compile_filter(tree)
