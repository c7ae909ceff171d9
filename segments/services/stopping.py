"""Definitions that take too long: left out and marked, so that all the others go on."""

from datetime import datetime

import structlog
from django.db import transaction

from segments.domain.definitions import KeptLeaf, Node
from segments.models import Segment
from segments.queries.costs import estimate_seconds

log = structlog.get_logger(__name__)


def stop_costliest(trees: dict[int, Node], now: datetime, seconds: float) -> None:
    """Leave out the definition that the planner expects to take longest; its mark says when.

    Its members stay as they are until it is changed; pages show the mark.

    Args:
        trees: definitions by segment id; the one that is stopped is replaced.
        now: aware; when it is stopped.
        seconds: how long all of them together were allowed to take.

    Raises:
        TimeoutError: none is left to be stopped.
    """
    asked = {key: tree for key, tree in trees.items() if not isinstance(tree, KeptLeaf)}
    if not asked:
        raise TimeoutError(f"memberships took longer than {seconds} seconds by themselves")
    costliest = max(asked, key=lambda key: estimate_seconds(asked[key], now))
    log.warning("segment_stopped", segment=costliest, seconds=seconds)
    with transaction.atomic():
        Segment.objects.filter(pk=costliest).update(stopped_at=now, stopped_seconds=round(seconds))
    trees[costliest] = KeptLeaf("definition", costliest)
