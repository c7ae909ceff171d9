"""Where somebody stands: reachable, at a stage, moved between RFM groups, near a place."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from crm.domain.postcodes import normalise_postcode
from segments.domain.rfm import GROUP_LABELS
from segments.domain.values import parse_date, parse_number, parse_span, refuse_unknown
from segments.errors import DefinitionError

CHANNELS: Final = ("email", "sms", "whatsapp", "push")
"""Channels of consent."""
PUSH: Final = "push"
"""The channel whose addresses are browsers and apps, not a word of the profile."""
NO_GROUP: Final = "none"
"""The word for nobody's group, such as of who has not bought in the look-back."""
MAX_KM: Final = 20_000
STAGES: Final[Mapping[str, str]] = {
    "subscriber": "Subscriber",
    "first_time": "First-time buyer",
    "active": "Active",
    "loyal": "Loyal",
    "won_back": "Won back",
    "at_risk": "At risk",
    "churned": "Churned",
    "none": "No stage yet",
}
"""Names of the stages of a customer's life; everybody is at exactly one of them."""
KM_OF: Final[Mapping[str, Decimal]] = {"km": Decimal(1), "miles": Decimal("1.609344")}
"""Kilometres of each unit of distance."""
MAX_POSTCODE: Final = 12


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
    """Whether the profile lives within a distance of a place.

    Where it lives its own coordinates say, else the middle of the postcode of its address.

    Attributes:
        latitude, longitude: degrees of the place; None for a postcode that is not known.
        reach: the distance along the surface of the earth, in ``unit``.
        unit: ``km`` or ``miles``.
        country, postcode: what names the place; empty where coordinates do.
        found_as: the postcode, or the area around it, whose middle the coordinates are; empty
            where neither is known, None where nobody has looked.
    """

    path: str
    latitude: Decimal | None
    longitude: Decimal | None
    reach: Decimal
    unit: str = "km"
    country: str = ""
    postcode: str = ""
    found_as: str | None = None

    @property
    def km(self) -> Decimal:
        """The distance in kilometres."""
        return self.reach * KM_OF[self.unit]


@dataclass(frozen=True, slots=True)
class StageLeaf:
    """Whether somebody is at one of some stages: keys of `STAGES`, sorted."""

    path: str
    stages: tuple[str, ...]


Standing = ReachLeaf | MoveLeaf | NearLeaf | StageLeaf


def parse_standing(raw: Mapping[str, Any], path: str) -> Standing:
    """Check a condition that begins with one of `STANDINGS`.

    Raises:
        DefinitionError: it cannot be understood.
    """
    read = next(read for word, read in STANDINGS.items() if word in raw)
    return read(raw, path)


def _parse_reach(raw: Mapping[str, Any], path: str) -> ReachLeaf:
    refuse_unknown(raw, path, ("reachable", "is"))
    if raw["reachable"] not in CHANNELS:
        raise DefinitionError(f"{path}.reachable", f"must be one of: {', '.join(CHANNELS)}")
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
    return _parse_words(given[key], f"{at}.{key}", (*GROUP_LABELS, NO_GROUP))


def _parse_words(given: object, at: str, known: Collection[str]) -> tuple[str, ...]:
    listed = given if isinstance(given, list) else [given]
    if not listed or not all(isinstance(one, str) and one in known for one in listed):
        raise DefinitionError(at, f"must be one or more of: {', '.join(known)}")
    return tuple(sorted(set(listed)))


def _parse_stage(raw: Mapping[str, Any], path: str) -> StageLeaf:
    refuse_unknown(raw, path, ("stage",))
    return StageLeaf(path, _parse_words(raw["stage"], f"{path}.stage", STAGES))


def _parse_near(raw: Mapping[str, Any], path: str) -> NearLeaf:
    refuse_unknown(raw, path, ("near", "within"))
    given, at = raw["near"], f"{path}.near"
    reach, unit = _parse_reach_of(raw.get("within"), f"{path}.within")
    if isinstance(given, Mapping) and "postcode" in given:
        refuse_unknown(given, at, ("postcode", "country"))
        return NearLeaf(
            path=path,
            latitude=None,
            longitude=None,
            reach=reach,
            unit=unit,
            country=_parse_country(given.get("country"), f"{at}.country"),
            postcode=_parse_postcode(given["postcode"], f"{at}.postcode"),
        )
    if not isinstance(given, Mapping) or set(given) != {"latitude", "longitude"}:
        example = '{"postcode": "SW1A 1AA", "country": "GB"}'
        raise DefinitionError(at, f'must be {example} or {{"latitude": 51.5, "longitude": -0.12}}')
    return NearLeaf(
        path=path,
        latitude=_parse_between(given["latitude"], f"{at}.latitude", -90, 90),
        longitude=_parse_between(given["longitude"], f"{at}.longitude", -180, 180),
        reach=reach,
        unit=unit,
    )


def _parse_reach_of(raw: object, path: str) -> tuple[Decimal, str]:
    if not isinstance(raw, Mapping) or len(raw) != 1 or not set(raw) <= KM_OF.keys():
        raise DefinitionError(path, 'must be {"km": 25} or {"miles": 15}')
    unit, given = next(iter(raw.items()))
    return _parse_between(given, f"{path}.{unit}", 0, int(MAX_KM / KM_OF[unit])), unit


def _parse_country(raw: object, path: str) -> str:
    """Return a country by its two letters, in capitals."""
    word = raw.strip().upper() if isinstance(raw, str) else ""
    if len(word) != 2 or not (word.isascii() and word.isalpha()):  # noqa: PLR2004 alpha-2
        raise DefinitionError(path, "must be the two letters of a country, such as GB")
    return word


def _parse_postcode(raw: object, path: str) -> str:
    """Return a postcode as people write it, in capitals."""
    word = " ".join(str(raw).upper().split()) if isinstance(raw, str | int) else ""
    if not 0 < len(normalise_postcode(word)) <= MAX_POSTCODE:
        raise DefinitionError(path, "must be a postcode, such as SW1A 1AA")
    return word


def _parse_between(given: object, at: str, low: int, high: int) -> Decimal:
    number = parse_number(given, at)
    if not low <= number <= high:
        raise DefinitionError(at, f"must be from {low} to {high}")
    return number


STANDINGS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Standing]]] = {
    "reachable": _parse_reach,
    "rfm_moved": _parse_move,
    "near": _parse_near,
    "stage": _parse_stage,
}
"""What reads a condition, by the word that it begins with."""
