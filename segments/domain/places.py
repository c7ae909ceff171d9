"""Places: how far it is from one to another, and definitions with the postcodes they name found."""

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from crm.domain.postcodes import normalise_postcode
from segments.domain.definitions import Group, Node, leaves
from segments.domain.standing import NearLeaf
from segments.errors import DefinitionError

EARTH_KM: Final = 6371.0088
"""Mean radius of the earth."""
_DECIMALS: Final = Decimal("0.0001")
"""About ten metres: nobody's distance hangs on more digits of a postcode."""
Found = tuple[float, float, str]
"""Latitude and longitude in degrees, and the postcode or area whose middle they are."""


def km_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return how far it is along the surface of the earth, in kilometres.

    Source: the haversine formula, as the database works it out.

    Args:
        one: latitude and longitude in degrees.
        other: likewise.
    """
    north, south = math.radians(one[0]), math.radians(other[0])
    part = math.sin((north - south) / 2) ** 2
    east = math.sin(math.radians(one[1] - other[1]) / 2) ** 2
    return (
        2 * EARTH_KM * math.asin(math.sqrt(min(1, part + math.cos(north) * math.cos(south) * east)))
    )


def postcodes_named(node: Node) -> set[tuple[str, str]]:
    """Return country and postcode of the places that a tree names by them."""
    return {
        (leaf.country, normalise_postcode(leaf.postcode))
        for leaf in leaves(node)
        if isinstance(leaf, NearLeaf) and leaf.postcode
    }


def asks_places(node: Node) -> bool:
    """Say whether a tree asks where people live, by postcode or by coordinates."""
    return any(isinstance(leaf, NearLeaf) for leaf in leaves(node))


def put_in_place(node: Node, centres: Mapping[tuple[str, str], Found]) -> Node:
    """Return a tree whose postcodes lie where they are known to.

    Args:
        node: as it was read.
        centres: by what `postcodes_named` names; near one that is missing is nobody.
    """
    if isinstance(node, Group):
        return replace(
            node, children=tuple(put_in_place(child, centres) for child in node.children)
        )
    if not isinstance(node, NearLeaf) or not node.postcode:
        return node
    found = centres.get((node.country, normalise_postcode(node.postcode)))
    if found is None:
        return replace(node, found_as="")
    latitude, longitude = (Decimal(repr(one)).quantize(_DECIMALS) for one in found[:2])
    return replace(node, latitude=latitude, longitude=longitude, found_as=found[2])


def refuse_unknown_places(node: Node) -> None:
    """Refuse a tree that names a postcode of which nobody knows where it lies.

    Raises:
        DefinitionError: at the postcode.
    """
    for leaf in leaves(node):
        if isinstance(leaf, NearLeaf) and leaf.latitude is None:
            raise DefinitionError(
                f"{leaf.path}.near.postcode",
                f"no coordinates known for {leaf.postcode} ({leaf.country}) yet: upload a postcode"
                " file under Settings, Postcodes",
            )
