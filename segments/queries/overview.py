"""The list of segments: searched, narrowed, sorted; how big, how moving, used by what."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from django.db.models import Q, QuerySet

from kernel.formats import find_zone
from kernel.keyset import Place
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from segments.choices import SegmentKind
from segments.domain.definitions import Node
from segments.domain.starters import CORE_STARTERS
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.models import Segment
from segments.panels import SegmentUser
from segments.queries.conditions import find_places, read_definition, references_of
from segments.queries.listing import (
    LIST_WORDS,
    names_of,
    products_of,
    reference_lines,
    speak_amount,
)
from segments.queries.users import find_users, last_use
from tenants.queries import get_tenant

UNKNOWN_WORDS: Final = "A definition that is not understood any more"
SORTINGS: Final = {"name": "name", "size": "member_count", "new": "id"}
"""Column by word of the address; each stands in an index behind the tenant."""
SPARK_DAYS: Final = 30
UNUSED_ALLOWED: Final = 6
"""More segments than this that nothing uses are too many to keep in mind."""
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class WantedSegments:
    """Which segments, in which order.

    Attributes:
        search: part of a name or description; empty finds all.
        state: ``used``, ``unused``, ``lists`` or ``archived``; empty is all that are evaluated.
        tag: only those that carry it.
        sort: a key of `SORTINGS`, with ``-`` before it for the largest first.
    """

    search: str = ""
    state: str = ""
    tag: str = ""
    sort: str = "name"

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the order was chosen."""
        return bool(self.search or self.state or self.tag)


@dataclass(frozen=True, slots=True)
class SegmentSummary:
    """One row of the list of segments.

    Attributes:
        words: the definition as a person would say it.
        entered, left: entries and exits of the last 7 days, today among them.
        sizes: people at the end of each of the last 30 days, oldest first.
        used_by: the segments, flows and so on that refer to this one.
        used_at: when it was last put to use; None for never.
        lines: references it compares with, in words, such as ``Top 10%: £310.00 and more``.
    """

    segment: Segment
    words: str
    entered: int
    left: int
    sizes: tuple[int, ...]
    used_by: tuple[SegmentUser, ...]
    used_at: datetime | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentPage:
    """One page of the list; the marks lead to its neighbours."""

    rows: list[SegmentSummary]
    next: str | None
    previous: str | None
    total: int


def list_page(
    wanted: WantedSegments,
    place: Place,
    now: datetime,
    users: dict[int, list[SegmentUser]],
) -> SegmentPage:
    """Return a page of segments.

    Args:
        wanted: which, in which order.
        place: the page; a mark is the id of the segment at its edge.
        now: aware; movement is that of its local day and those before it.
        users: what refers to segments, as `find_users` returns it.
    """
    chosen = _choose(wanted, users.keys())
    is_back = bool(place.before)
    column = SORTINGS[wanted.sort.lstrip("-")]
    runs_down = wanted.sort.startswith("-") != is_back
    mark = _find_mark(place.before or place.after, column)
    found = list(_cut(chosen, column, mark, runs_down=runs_down)[: place.limit + 1])
    has_more = len(found) > place.limit
    segments = found[: place.limit][:: -1 if is_back else 1]
    rows = summarize(segments, now, users)
    total = chosen.count()
    if not segments:
        return SegmentPage([], None, None, total)
    first, last = str(segments[0].pk), str(segments[-1].pk)
    if is_back and mark is not None:
        return SegmentPage(rows, last, first if has_more else None, total)
    return SegmentPage(rows, last if has_more else None, first if mark is not None else None, total)


def summarize(
    segments: Sequence[Segment],
    now: datetime,
    users: dict[int, list[SegmentUser]] | None = None,
) -> list[SegmentSummary]:
    """Return some segments with size, movement and definition in words.

    Args:
        segments: of the active tenant.
        now: aware; movement is that of its local day and the six before it.
        users: what refers to segments, where the caller has it.
    """
    tenant = get_tenant(current_tenant_id())
    today = now.astimezone(find_zone(tenant.timezone)).date()
    users = find_users() if users is None else users
    read = {segment.pk: _parse(segment) for segment in segments}
    found = find_places({pk: tree for pk, tree in read.items() if tree is not None})
    known = list(found.values())
    say = partial(
        describe,
        money=partial(speak_amount, currency=tenant.currency),
        segments=names_of(*known),
        products=products_of(*known),
    )
    moves = _list_moves([segment.pk for segment in segments], today)
    lines = reference_lines()
    return [
        SegmentSummary(
            segment=segment,
            words=_words(segment, found.get(segment.pk), say),
            entered=sum(entered for entered, _ in moves.get(segment.pk, [])[-_WEEK:]),
            left=sum(left for _, left in moves.get(segment.pk, [])[-_WEEK:]),
            sizes=_count_back(segment.member_count, moves.get(segment.pk, [])),
            used_by=tuple(users.get(segment.pk, ())),
            used_at=last_use(segment, users.get(segment.pk, ())),
            lines=_lines(found.get(segment.pk), lines),
        )
        for segment in segments
    ]


def list_tags() -> list[str]:
    """Return the words that segments of the tenant carry, by name."""
    rows = Segment.objects.exclude(tags=[]).values_list("tags", flat=True)
    return sorted({tag for tags in rows for tag in tags})


def count_unused(used: Collection[int]) -> int:
    """Return how many segments that people made or installed nothing uses.

    Args:
        used: ids of the segments that something refers to.
    """
    own = Segment.objects.filter(archived_at=None)
    own = own.exclude(key__in=[core.key for core in CORE_STARTERS])
    return own.exclude(pk__in=list(used)).count()


def _choose(wanted: WantedSegments, used: Collection[int]) -> QuerySet[Segment]:
    rows = Segment.objects.filter(archived_at__isnull=wanted.state != "archived")
    if wanted.state == "used":
        rows = rows.filter(pk__in=list(used))
    elif wanted.state == "unused":
        rows = rows.exclude(pk__in=list(used))
    elif wanted.state == "lists":
        rows = rows.filter(kind=SegmentKind.STATIC)
    if wanted.tag:
        rows = rows.filter(tags__contains=[wanted.tag])
    if wanted.search:
        rows = rows.filter(
            Q(name__icontains=wanted.search) | Q(description__icontains=wanted.search)
        )
    return rows


def _find_mark(mark: str, column: str) -> tuple[object, int] | None:
    """Return value and id of the segment at the edge of a page; None without such a segment."""
    if not (mark.isascii() and mark.isdigit() and len(mark) < 19):  # noqa: PLR2004 bigint
        return None
    value = Segment.objects.filter(pk=int(mark)).values_list(column, flat=True).first()
    return None if value is None else (value, int(mark))


def _cut(
    rows: QuerySet[Segment], column: str, mark: tuple[object, int] | None, *, runs_down: bool
) -> QuerySet[Segment]:
    """Return the rows in their order, from behind a mark on."""
    sign, way = ("lt", "-") if runs_down else ("gt", "")
    if mark is not None:
        value, key = mark
        same = Q(**{column: value, f"id__{sign}": key})
        rows = rows.filter(Q(**{f"{column}__{sign}": value}) | same)
    return rows.order_by(f"{way}{column}", f"{way}id")


def _parse(segment: Segment) -> Node | None:
    """Return the tree; None for a definition that an older version wrote and none reads now."""
    try:
        return read_definition(segment.definition)
    except DefinitionError:
        return None


def _words(segment: Segment, tree: Node | None, say: Callable[[Node], str]) -> str:
    if segment.kind == SegmentKind.STATIC:
        return LIST_WORDS
    return UNKNOWN_WORDS if tree is None else say(tree)


def _lines(tree: Node | None, lines: dict[str, str]) -> tuple[str, ...]:
    return tuple(lines[key] for key in references_of([tree] if tree else []) if key in lines)


def _list_moves(segment_ids: Sequence[int], today: date) -> dict[int, list[tuple[int, int]]]:
    """Return entries and exits of each of the last days, oldest first, by segment."""
    first = today - timedelta(days=SPARK_DAYS - 1)
    found: dict[int, list[tuple[int, int]]] = {}
    for row in run_sql("segments.list_moves", segment_ids=list(segment_ids), since=first):
        days = found.setdefault(row.segment_id, [(0, 0)] * SPARK_DAYS)
        if (place := (row.day - first).days) < SPARK_DAYS:
            days[place] = (row.entered, row.left_count)
    return found


def _count_back(size: int, moves: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Return the size at the end of each day, oldest first, counted back from today's."""
    sizes = [size]
    for entered, left in reversed(moves[1:]):
        sizes.append(max(sizes[-1] - entered + left, 0))
    return tuple(sizes[::-1]) if moves else (size, size)
