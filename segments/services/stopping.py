"""Definitions that cannot be asked: left out and marked, so that all the others go on."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import structlog
from django.db import DataError, OperationalError, transaction

from kernel.sql import was_ended
from segments.domain.definitions import KeptLeaf, Node
from segments.errors import DefinitionError
from segments.models import Segment
from segments.queries.conditions import StoredSegment, find_unreadable, keep
from segments.queries.costs import estimate_seconds

BLAMABLE: Final = (
    ArithmeticError,
    DataError,
    DefinitionError,
    LookupError,
    OperationalError,
    TypeError,
    ValueError,
)
"""What a definition may be to blame for: it takes too long, or cannot be compiled or run."""
_LONGEST: Final = 500
log = structlog.get_logger(__name__)


def stop_unreadable(stored: Iterable[StoredSegment], now: datetime) -> None:
    """Mark the definitions that cannot be read any more; readers leave them out by themselves.

    Args:
        stored: every segment.
        now: aware; when they are stopped.
    """
    for segment_id, reason in find_unreadable(stored).items():
        _mark_broken(segment_id, reason, now)


def stop_blamed(exc: Exception, trees: dict[int, Node], now: datetime, seconds: float) -> None:
    """Leave out what made a decision fail, to decide the others anew.

    Args:
        exc: one of `BLAMABLE`.
        trees: definitions by segment id; those that are stopped are replaced.
        now: aware; when they are stopped.
        seconds: how long all of them together were allowed to take.

    Raises:
        Exception: the same one, where no definition is to blame.
        TimeoutError: they took too long, and none is left to be stopped.
    """
    if not isinstance(exc, OperationalError):
        _stop_broken(exc, trees, now)
    elif was_ended(exc):
        _stop_costliest(trees, now, seconds)
    else:
        raise exc


def _stop_costliest(trees: dict[int, Node], now: datetime, seconds: float) -> None:
    """Leave out the definition that the planner expects to take longest; its mark says when.

    Its members stay as they are until it is changed; pages show the mark.
    """
    asked = _asked(trees)
    if not asked:
        raise TimeoutError(f"memberships took longer than {seconds} seconds by themselves")
    costliest = max(asked, key=lambda key: estimate_seconds(asked[key], now))
    log.warning("segment_stopped", segment=costliest, seconds=seconds)
    with transaction.atomic():
        Segment.objects.filter(pk=costliest).update(
            stopped_at=now, stopped_seconds=round(seconds), stopped_reason=""
        )
    trees[costliest] = keep(costliest)


def _stop_broken(exc: Exception, trees: dict[int, Node], now: datetime) -> None:
    """Leave out every definition that cannot be compiled or planned by itself."""
    broken = {key: reason for key, tree in _asked(trees).items() if (reason := _try(tree, now))}
    if not broken:
        raise exc
    for segment_id, reason in broken.items():
        _mark_broken(segment_id, reason, now)
        trees[segment_id] = keep(segment_id)


def _asked(trees: dict[int, Node]) -> dict[int, Node]:
    return {key: tree for key, tree in trees.items() if not isinstance(tree, KeptLeaf)}


def _try(tree: Node, now: datetime) -> str:
    """Return why a definition cannot be asked; empty where it can be."""
    try:
        with transaction.atomic():
            estimate_seconds(tree, now)
    except OperationalError:
        raise
    except BLAMABLE as exc:
        return str(exc) or type(exc).__name__
    return ""


def _mark_broken(segment_id: int, reason: str, now: datetime) -> None:
    log.error("segment_broken", segment=segment_id, reason=reason)
    with transaction.atomic():
        Segment.objects.filter(pk=segment_id).update(
            stopped_at=now, stopped_reason=reason.replace("\0", "")[:_LONGEST]
        )
