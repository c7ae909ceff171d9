"""What somebody should know about a definition before it is saved; nothing of it forbids saving."""

from datetime import datetime

from segments.domain.canonical import digest
from segments.domain.words import describe_leaf
from segments.models import Segment
from segments.queries.conditions import parse_definition
from segments.queries.costs import SLOW_SECONDS, estimate_seconds, find_costliest
from segments.queries.listing import names_of, products_of, speak_money


def review_definition(definition: object, now: datetime, *, own_id: int | None) -> list[str]:
    """Return warnings in words: the same as another segment, slow to be asked.

    Args:
        definition: JSON as in the contract.
        now: aware; the instant that relative conditions count from.
        own_id: of the segment that it is for; None for a new one.

    Raises:
        DefinitionError: it cannot be understood.
    """
    tree = parse_definition(definition)
    alike = Segment.objects.filter(digest=digest(tree)).order_by("pk")
    same = next((one for one in alike if one.pk != own_id), None)
    warnings = [f"This is the same as the segment “{same.name}”."] if same else []
    seconds = estimate_seconds(tree, now)
    if seconds <= SLOW_SECONDS:
        return warnings
    slow = f"Counting everybody will take about {seconds:,.0f} seconds."
    leaf = find_costliest(tree, now)
    if leaf is not None:
        words = describe_leaf(leaf, speak_money, names_of(tree), products_of(tree))
        slow += f" Most of it is for: {words}."
    return [*warnings, slow]


def definition_digest(definition: object) -> str:
    """Return what definitions of equal meaning have in common.

    Raises:
        DefinitionError: it cannot be understood.
    """
    return digest(parse_definition(definition))
