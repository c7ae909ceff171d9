"""Where somebody stands: reachable on a channel, moved between RFM groups, near a place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from segments.domain.rfm import GROUP_LABELS
from segments.domain.values import parse_date, parse_number, parse_span, refuse_unknown
from segments.errors import DefinitionError

CHANNELS: Final = ("email", "sms", "whatsapp", "push")
"""Channels of consent."""
REACHED: Final = ("email", "sms", "whatsapp")
"""Channels whose addresses a profile shows."""
NO_GROUP: Final = "none"
"""The word for nobody's group, such as of who has not bought in the look-back."""
MAX_KM: Final = 20_000


@dataclass(frozen=True, slots=True)
class ReachLeaf:
    """Whether promotional messages may go: subscribed, with an address, which nothing stops."""

    path: str
    channel: str
    is_reachable: bool


@dataclass(frozen=True, slots=True)
class MoveLeaf:
    """Whether the RFM group is another than it was when a day began.

    Attributes:
        before, now: keys of groups, sorted, or `NO_GROUP`; empty is any.
        days: that day is so many days ago; None with ``since``.
        since: that day.
    """

    path: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    days: int | None
    since: date | None


@dataclass(frozen=True, slots=True)
class NearLeaf:
    """Whether the profile's own coordinates lie within a distance of a place.

    Attributes:
        latitude, longitude: degrees of the place.
        km: along the surface of the earth.
    """

    path: str
    latitude: Decimal
    longitude: Decimal
    km: Decimal


Standing = ReachLeaf | MoveLeaf | NearLeaf


def parse_standing(raw: Mapping[str, Any], path: str) -> Standing:
    """Check a condition that begins with one of `STANDINGS`.

    Raises:
        DefinitionError: it cannot be understood.
    """
    read = next(read for word, read in STANDINGS.items() if word in raw)
    return read(raw, path)


def _parse_reach(raw: Mapping[str, Any], path: str) -> ReachLeaf:
    refuse_unknown(raw, path, ("reachable", "is"))
    if raw["reachable"] not in REACHED:
        raise DefinitionError(f"{path}.reachable", f"must be one of: {', '.join(REACHED)}")
    if not isinstance(raw.get("is", True), bool):
        raise DefinitionError(f"{path}.is", "must be true or false")
    return ReachLeaf(path, raw["reachable"], raw.get("is", True))


def _parse_move(raw: Mapping[str, Any], path: str) -> MoveLeaf:
    refuse_unknown(raw, path, ("rfm_moved", "within", "since"))
    given, at = raw["rfm_moved"], f"{path}.rfm_moved"
    if not isinstance(given, Mapping):
        raise DefinitionError(at, 'must be {"from": ["champions"], "to": ["at_risk", "lost"]}')
    refuse_unknown(given, at, ("from", "to"))
    if ("within" in raw) == ("since" in raw):
        raise DefinitionError(path, "needs either “within” or “since”")
    return MoveLeaf(
        path=path,
        before=_parse_groups(given, at, "from"),
        now=_parse_groups(given, at, "to"),
        days=parse_span(raw["within"], f"{path}.within") if "within" in raw else None,
        since=parse_date(raw["since"], f"{path}.since") if "since" in raw else None,
    )


def _parse_groups(given: Mapping[str, Any], at: str, key: str) -> tuple[str, ...]:
    if key not in given:
        return ()
    known = (*GROUP_LABELS, NO_GROUP)
    listed = given[key] if isinstance(given[key], list) else [given[key]]
    if not listed or not all(one in known for one in listed):
        raise DefinitionError(f"{at}.{key}", f"must be one or more of: {', '.join(known)}")
    return tuple(sorted(set(listed)))


def _parse_near(raw: Mapping[str, Any], path: str) -> NearLeaf:
    refuse_unknown(raw, path, ("near", "within"))
    given, at = raw["near"], f"{path}.near"
    if isinstance(given, Mapping) and "postcode" in given:
        words = "is not available yet: no table of postcodes comes along; give coordinates"
        raise DefinitionError(f"{at}.postcode", words)
    if not isinstance(given, Mapping) or set(given) != {"latitude", "longitude"}:
        raise DefinitionError(at, 'must be {"latitude": 51.5, "longitude": -0.12}')
    reach = raw.get("within")
    if not isinstance(reach, Mapping) or set(reach) != {"km"}:
        raise DefinitionError(f"{path}.within", 'must be {"km": 25}')
    return NearLeaf(
        path=path,
        latitude=_parse_between(given["latitude"], f"{at}.latitude", -90, 90),
        longitude=_parse_between(given["longitude"], f"{at}.longitude", -180, 180),
        km=_parse_between(reach["km"], f"{path}.within.km", 0, MAX_KM),
    )


def _parse_between(given: object, at: str, low: int, high: int) -> Decimal:
    number = parse_number(given, at)
    if not low <= number <= high:
        raise DefinitionError(at, f"must be from {low} to {high}")
    return number


STANDINGS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Standing]]] = {
    "reachable": _parse_reach,
    "rfm_moved": _parse_move,
    "near": _parse_near,
}
"""What reads a condition, by the word that it begins with."""
