"""Conditions of every kind, as examples beside the editor."""

import json

from segments.domain.grammar import list_leaf_examples
from segments.domain.words import describe
from segments.queries.conditions import read_definition
from segments.queries.listing import speak_money


def list_examples() -> list[dict[str, str]]:
    """Return each example as ``words`` and ``definition``, the latter as JSON.

    Ids in them are nobody's: what they stand for is not looked up.
    """
    return [
        {"words": describe(read_definition(one), speak_money, {}), "definition": json.dumps(one)}
        for one in list_leaf_examples()
    ]
