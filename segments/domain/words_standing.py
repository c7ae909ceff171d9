"""Where somebody stands, in words."""

from collections.abc import Sequence
from decimal import Decimal

from crm.domain.channels import CHANNEL_LABELS
from crm.domain.postcodes import normalise_postcode
from segments.domain.rfm import GROUP_LABELS
from segments.domain.standing import (
    NO_GROUP,
    STAGES,
    MoveLeaf,
    NearLeaf,
    ReachLeaf,
    StageLeaf,
    Standing,
)
from segments.domain.words_dates import speak_day, speak_many, speak_number

_REACHES = {
    "subscribed": "subscribed",
    "pending": "not confirmed yet",
    "unsubscribed": "unsubscribed",
    "never": "never asked for",
    "withdrawn": "consent withdrawn",
    "suppressed": "suppressed",
    "no_address": "no address",
    "no_device": "no browser or app",
}


def describe_standing(leaf: Standing) -> str:
    """Say one condition."""
    match leaf:
        case ReachLeaf():
            negation = "" if leaf.is_reachable else "not "
            return f"{CHANNEL_LABELS[leaf.channel]}: {negation}reachable for promotions"
        case MoveLeaf():
            return _describe_move(leaf)
        case NearLeaf():
            return f"Lives within {_distance(leaf.reach, leaf.unit)} of {_place(leaf)}"
        case StageLeaf():
            return f"Lifecycle stage: {' or '.join(STAGES[one] for one in leaf.stages)}"


def speak_standing(leaf: Standing, value: object) -> str:
    """Write what a profile's own value of a condition is."""
    match leaf:
        case ReachLeaf():
            return _REACHES.get(str(value), str(value))
        case MoveLeaf():
            was, _, now = str(value).partition(":")
            return f"{_label(was)} then, {_label(now)} now"
        case NearLeaf():
            return f"{_distance(Decimal(str(value)), leaf.unit)} away"
        case StageLeaf():
            return STAGES[str(value)]


def _distance(count: Decimal, unit: str) -> str:
    return f"{speak_number(count)} {unit.removesuffix('s') if count == 1 else unit}"


def _place(leaf: NearLeaf) -> str:
    """Say a place: a postcode with the middle that was found for it, or coordinates."""
    name = f"{leaf.postcode}, {leaf.country}"
    if leaf.latitude is None or leaf.longitude is None:
        return name if leaf.found_as is None else f"{name} (no coordinates known yet)"
    at = f"{speak_number(leaf.latitude)}, {speak_number(leaf.longitude)}"
    if not leaf.postcode:
        return at
    is_area = leaf.found_as != normalise_postcode(leaf.postcode)
    return f"{name} ({f'{leaf.found_as}: ' if is_area else ''}{at})"


def _describe_move(leaf: MoveLeaf) -> str:
    before = f" from {_labels(leaf.before)}" if leaf.before else ""
    now = f" to {_labels(leaf.now)}" if leaf.now else ""
    if leaf.since:
        return f"RFM group moved{before}{now} since {speak_day(leaf.since)}"
    return f"RFM group moved{before}{now} compared with {speak_many(leaf.days or 0, 'day')} ago"


def _labels(groups: Sequence[str]) -> str:
    return " or ".join(_label(one) for one in groups)


def _label(group: str) -> str:
    return "no group" if group in ("", NO_GROUP) else GROUP_LABELS[group]
