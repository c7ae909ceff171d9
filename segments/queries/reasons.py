"""Why a profile is in or out of a segment: each condition with its value, in words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, assert_never

from kernel.formats import format_day, format_money, format_number
from kernel.sql import execute, run_sql
from kernel.tenancy import current_tenant_id
from segments.domain.comparisons import FieldLeaf, PropertyLeaf
from segments.domain.compile import Compiler, whole
from segments.domain.compile_happenings import measure
from segments.domain.compile_joined import joined_at
from segments.domain.compile_properties import property_field
from segments.domain.compile_sequences import sequence_value
from segments.domain.compile_standing import standing_value
from segments.domain.definitions import (
    ConsentLeaf,
    Group,
    KeptLeaf,
    Leaf,
    Node,
    SegmentLeaf,
    leaves,
    segments_named,
)
from segments.domain.happenings import ALWAYS, BoughtLeaf, EventLeaf, SeasonLeaf, ShareLeaf
from segments.domain.sequences import EdgeLeaf, FunnelLeaf
from segments.domain.standing import MoveLeaf, NearLeaf, ReachLeaf, StageLeaf
from segments.domain.words import describe, describe_leaf, speak_state
from segments.domain.words_happenings import speak_measured
from segments.domain.words_standing import speak_standing
from segments.models import Segment
from segments.queries.conditions import (
    FROM_PROFILES,
    find_missing_references,
    find_places,
    get_compiler,
    list_definitions,
    list_references,
    read_or_keep,
)
from segments.queries.listing import list_segments, products_of, speak_money
from segments.queries.turns import Answer, Turn, find_turns
from segments.types import Field, GroupReason, Kind, LeafReason, SegmentReason
from tenants.queries import get_tenant

_NOTHING = "not known"


def explain_segments(
    profile_id: int, now: datetime, *, segment_id: int | None = None
) -> list[SegmentReason]:
    """Return why a profile is in or out of every segment, in the order of the list.

    Args:
        profile_id: of the tenant; an unknown, merged or erased one gives an empty list.
        now: aware; conditions are asked for this instant.
        segment_id: this one alone; None for all that are evaluated.
    """
    chosen = list_segments().filter(archived_at=None)
    segments = list(chosen if segment_id is None else chosen.filter(pk=segment_id))
    trees = find_places({one.pk: read_or_keep(one) for one in segments})
    names = {segment.pk: segment.name for segment in segments}
    if segment_id is not None:
        names = dict(list_segments().values_list("pk", "name"))
    asking = _Asking(now, trees)
    answers = _ask(profile_id, asking)
    if answers is None:
        return []
    turns = find_turns(profile_id, _answers(trees, answers), asking.compiler_at)
    known = names, products_of(*trees.values())
    changes = {
        row.segment_id: row for row in run_sql("segments.last_changes", profile_id=profile_id)
    }
    return [
        _reason(segment, trees[segment.pk], _Found(answers, turns), changes.get(segment.pk), known)
        for segment in segments
    ]


class _Asking:
    """Compilers for any instant, which work another segment out instead of reading who is in it.

    So that what changes the other one by time is known too.
    """

    def __init__(self, now: datetime, trees: Mapping[int, Node]) -> None:
        self.trees = trees
        others = {key for tree in trees.values() for key in segments_named(tree)} - trees.keys()
        self._known = {**(list_definitions() if others else {}), **trees}
        references = list_references()
        for tree in self._reached(trees):
            references |= find_missing_references(tree, references)
        self._base = get_compiler(now, references)

    def compiler_at(self, at: datetime | None = None) -> Compiler:
        """Return a fresh compiler; for the moment of the question without an instant."""
        moment = self._base.moment if at is None else replace(self._base.moment, now=at)
        fresh: dict[str, Any] = {
            "params": {},
            "hours": {},
            "flips": {},
            "instants": [],
            "joins": {},
        }
        compiler = replace(self._base, moment=moment, **fresh)
        compiler.segment_sql = self._reader(compiler)
        return compiler

    def _reader(self, compiler: Compiler) -> Callable[[int], str]:
        """Return how to read another segment: worked out once in a join, however many name it."""
        opened: set[int] = set()
        found: dict[int, _Opened] = {}

        def read(key: int) -> str:
            if key in opened or key not in self._known:
                return "false"
            if key not in found:
                opened.add(key)
                found[key] = self._open(compiler, key)
                opened.remove(key)
            return found[key].note(compiler)

        return read

    def _open(self, compiler: Compiler, key: int) -> "_Opened":
        """Compile another segment behind what it needs itself; apart from whoever asks for it."""
        flips, instants = compiler.flips, compiler.instants
        compiler.forget_flips()
        statement = f"SELECT {compiler.compile(self._known[key])} AS holds OFFSET 0"
        name = compiler.join(("segment", key), lambda: statement)
        opened = _Opened(f"{name}.holds", compiler.flips, compiler.instants)
        compiler.flips, compiler.instants = flips, instants
        return opened

    def _reached(self, trees: Mapping[int, Node]) -> list[Node]:
        """Return these trees, and those that they refer to at any distance."""
        found, waiting = dict(trees), list(trees.values())
        while waiting:
            for key in segments_named(waiting.pop()) & self._known.keys() - found.keys():
                found[key] = self._known[key]
                waiting.append(found[key])
        return list(found.values())


@dataclass(frozen=True, slots=True)
class _Opened:
    """Another segment in a statement: how it is read, and when time alone may change it."""

    sql: str
    flips: Mapping[str, set[int]]
    instants: Sequence[str]

    def note(self, compiler: Compiler) -> str:
        """Return the expression, and let whoever reads it change when it does."""
        for column, days in self.flips.items():
            compiler.flips.setdefault(column, set()).update(days)
        compiler.instants += [one for one in self.instants if one not in compiler.instants]
        return self.sql


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database said, and when each of it changes by time alone."""

    answers: Mapping[str, Any]
    turns: Mapping[str, Turn]


def _answers(trees: Mapping[int, Node], answers: Mapping[str, Any]) -> dict[str, Answer]:
    """Return the answer to each definition and to each of its conditions, by its place."""
    found: dict[str, Answer] = {}
    for key, tree in trees.items():
        parts: dict[str, Node] = {str(key): tree}
        parts |= {f"{key}_{index}": leaf for index, leaf in enumerate(leaves(tree))}
        found |= {
            place: Answer(node, answers[f"c{place}"], answers[f"t{place}"])
            for place, node in parts.items()
        }
    return found


def _reason(
    segment: Segment,
    tree: Node,
    found: _Found,
    change: Any,
    known: tuple[Mapping[int, str], Mapping[int, str]],
) -> SegmentReason:
    answers, turns = found.answers, found.turns
    parts = tuple(
        LeafReason(
            path=leaf.path,
            words=describe_leaf(leaf, speak_money, *known),
            actual=_speak(leaf, answers[f"v{segment.pk}_{index}"]),
            holds=answers[f"c{segment.pk}_{index}"],
            flips_at=turns[f"{segment.pk}_{index}"].at,
        )
        for index, leaf in enumerate(leaves(tree))
    )
    entered = change is not None and change.entered
    turn = turns[str(segment.pk)]
    return SegmentReason(
        segment_id=segment.pk,
        key=segment.key,
        name=segment.name,
        words=describe(tree, speak_money, *known),
        holds=answers[f"c{segment.pk}"],
        is_member=segment.pk in answers["segment_ids"],
        leaves=parts,
        whole=_group(tree if isinstance(tree, Group) else Group("and", (tree,)), iter(parts)),
        entered_at=change.at if entered else None,
        left_at=change.at if change is not None and not entered else None,
        cause=change.cause if change is not None else "",
        event_name=change.event_name if change is not None else "",
        flips_at=answers[f"t{segment.pk}"],
        turns_at=turn.at,
        is_open=turn.is_open,
    )


def _group(group: Group, found: Iterator[LeafReason]) -> GroupReason:
    """Put conditions that were asked in reading order into the groups that they stand in."""
    parts = tuple(
        _group(child, found) if isinstance(child, Group) else next(found)
        for child in group.children
    )
    answers = [part.holds for part in parts]
    holds = all(answers) if group.op == "and" else any(answers) == (group.op == "or")
    return GroupReason(group.op, holds, parts)


def _ask(profile_id: int, asking: _Asking) -> dict[str, Any] | None:
    """Ask the database once: each condition, its value, when it flips, each whole definition."""
    compiler = asking.compiler_at()
    columns = [_MEMBERSHIP]
    for key, tree in asking.trees.items():
        columns += _columns(compiler, str(key), tree)
        for index, leaf in enumerate(leaves(tree)):
            columns += _columns(compiler, f"{key}_{index}", leaf)
            columns.append(f"{_value_sql(compiler, leaf)} AS v{key}_{index}")
    rows = execute(
        f"SELECT {', '.join(columns)} {FROM_PROFILES} {compiler.joined()}"
        " WHERE p.tenant_id = %(tenant_id)s"
        " AND p.id = %(profile_id)s AND p.merged_into_id IS NULL AND p.erased_at IS NULL"
        " AND NOT p.is_anonymous",
        profile_id=profile_id,
        **compiler.params,
    )
    return rows[0]._asdict() if rows else None


_MEMBERSHIP = """
COALESCE((
    SELECT m.segment_ids FROM segments_membership AS m
    WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = p.id
), '{}') AS segment_ids
"""


def _columns(compiler: Compiler, place: str, node: Node) -> list[str]:
    compiler.forget_flips()
    return [f"{compiler.compile(node)} AS c{place}", f"{compiler.next_flip()} AS t{place}"]


def _value_sql(compiler: Compiler, leaf: Leaf) -> str:
    match leaf:
        case FieldLeaf() | PropertyLeaf():
            return _compared_sql(compiler, leaf)
        case ConsentLeaf() | SegmentLeaf() | KeptLeaf():
            return _state_sql(compiler, leaf)
        case EventLeaf() | BoughtLeaf() | SeasonLeaf() | ShareLeaf():
            return measure(compiler, leaf)
        case FunnelLeaf() | EdgeLeaf():
            return _day_sql(compiler, sequence_value(compiler, leaf))
        case ReachLeaf() | MoveLeaf() | NearLeaf() | StageLeaf():
            return standing_value(compiler, leaf)
        case _:
            assert_never(leaf)


def _compared_sql(compiler: Compiler, leaf: FieldLeaf | PropertyLeaf) -> str:
    if isinstance(leaf, FieldLeaf):
        return _field_sql(compiler, compiler.as_of(leaf.field))
    return _field_sql(compiler, property_field(compiler, leaf.key, leaf.kind))


def _state_sql(compiler: Compiler, leaf: ConsentLeaf | SegmentLeaf | KeptLeaf) -> str:
    if isinstance(leaf, ConsentLeaf):
        return f"p.{leaf.channel}_consent"
    if isinstance(leaf, KeptLeaf):
        return compiler.stored_sql(leaf.segment_id)
    is_member = compiler.segment_sql(leaf.segment_id)
    if leaf.joined == ALWAYS:
        return is_member
    return f"(CASE WHEN {is_member} THEN {_day_sql(compiler, joined_at(compiler, leaf))} END)"


def _field_sql(compiler: Compiler, field: Field) -> str:
    if field.kind not in (Kind.DAYS_SINCE, Kind.DATE):
        return field.sql
    day = _day_sql(compiler, field.sql)
    if field.kind is Kind.DATE:
        return day
    return f"({compiler.bind(compiler.moment.today)}::date - {day})"


def _day_sql(compiler: Compiler, instant: str) -> str:
    return f"({instant} AT TIME ZONE {compiler.bind(compiler.moment.zone.key)})::date"


def _speak(leaf: Leaf, value: object) -> str:
    """Write the profile's own value of a condition."""
    if isinstance(leaf, SegmentLeaf):
        since = f" since {format_day(value)}" if isinstance(value, date) else ""
        return f"in it{since}" if value else "not in it"
    if value is None or value in ("", []):
        return "never" if isinstance(leaf, FunnelLeaf | EdgeLeaf) else _NOTHING
    if isinstance(leaf, FieldLeaf | PropertyLeaf):
        read_as = leaf.field if isinstance(leaf, FieldLeaf) else Field("", "", leaf.kind, "", "")
        return _speak_field(read_as, value)
    return _speak_done(leaf, value)


def _speak_done(leaf: Leaf, value: object) -> str:
    if isinstance(leaf, ReachLeaf | MoveLeaf | NearLeaf | StageLeaf):
        return speak_standing(leaf, value)
    if isinstance(leaf, ConsentLeaf):
        return speak_state(str(value))
    if isinstance(leaf, EventLeaf | BoughtLeaf | SeasonLeaf | ShareLeaf):
        return speak_measured(leaf, Decimal(str(value)))
    return format_day(value) if isinstance(value, date) else str(value)


def _speak_field(field: Field, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, date):
        return format_day(value)
    if isinstance(value, int | Decimal):
        return _speak_figure(field, value)
    return dict(field.choices).get(str(value), str(value))


def _speak_figure(field: Field, value: int | Decimal) -> str:
    if field.kind is Kind.MONEY:
        return format_money(whole(Decimal(value)), get_tenant(current_tenant_id()).currency)
    unit = field.unit.removesuffix("s") if value == 1 else field.unit
    return f"{format_number(value, 2)} {unit}".strip()
