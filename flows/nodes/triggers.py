"""What can start a flow, each with the JSON Schema of its trigger."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crm.domain.stock_marks import LOW_MARKS
from flows.domain.start_reading import (
    AFFINITY_DAYS,
    DATE_UNITS,
    DAYS,
    INTERESTS,
    MOST_AFFINITY_DAYS,
    MOST_DAYS,
    MOST_OFFSET,
    MOST_PIECES,
    REFILL_PERCENT,
)
from flows.domain.starts import TIER_CHANGED, Affinity, Interest, Repeats
from flows.nodes.parts import FILTER, TIME_OF_DAY, TIMEZONE, WEEKDAYS

_SEGMENT: Final[dict[str, Any]] = {
    "type": "string",
    "format": "segment",
    "title": "Segment",
    "description": "Its id.",
}
_WITHIN: Final[dict[str, Any]] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MOST_DAYS,
    "default": DAYS,
    "title": "Within so many days",
}


_ICONS: Final = {
    "event": "bolt",
    "segment": "segments",
    "segment_exit": "logout",
    "date": "calendar",
    "price_drop": "tag",
    "low_stock": "store",
    "back_in_stock": "store",
    "refill": "refresh",
    "new_product": "tag",
    "tier": "star",
    "manual": "plus",
}


def _describe(
    word: str,
    title: str,
    description: str,
    *,
    properties: Mapping[str, Any],
    required: Sequence[str],
) -> dict[str, Any]:
    return {
        "type": word,
        "title": title,
        "description": description,
        "icon": _ICONS[word],
        "schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": dict(properties),
            "required": list(required),
            "additionalProperties": False,
        },
    }


def _audience(*interests: Interest) -> dict[str, Any]:
    return {
        "enum": [str(interest) for interest in interests],
        "default": str(interests[0]),
        "title": "Who hears of it",
        "description": "viewed: who looked at the product; cart: put it into the cart; checkout: "
        "went to the checkout with it; wished: put it on the wish list; asked: whose event Back "
        "In Stock Requested names it.",
    }


def _nested(
    word: str,
    title: str,
    description: str,
    *,
    properties: Mapping[str, Any],
    required: Sequence[str] = (),
) -> dict[str, Any]:
    inner = {"type": "object", "properties": dict(properties), "required": list(required)}
    return _describe(word, title, description, properties={word: inner}, required=[word])


TRIGGER_TYPES: Final[tuple[dict[str, Any], ...]] = (
    _describe(
        "event",
        "Something happens",
        "An event of a person that sets off flows, such as Order Placed.",
        properties={
            "event": {"type": "string", "format": "starting-event", "title": "Event"},
            "filter": FILTER,
        },
        required=["event"],
    ),
    _describe(
        "segment",
        "Enters a segment",
        "Somebody begins to belong to a segment, or is put on a list.",
        properties={"segment": _SEGMENT, "on": {"const": "enter", "default": "enter"}},
        required=["segment"],
    ),
    _describe(
        "segment_exit",
        "Leaves a segment",
        "Somebody belongs to a segment no longer.",
        properties={"segment": _SEGMENT, "on": {"const": "exit", "default": "exit"}},
        required=["segment", "on"],
    ),
    _nested(
        "date",
        "A date comes round",
        "A date of the person, such as a birthday, so long before or after it; the year may be "
        "left out, as in 05-12. 29 February comes on 28 February in years without one, and the "
        "31st on the last day of a shorter month. Whose date is told, or who moves to another "
        "zone, on the day itself still enters, up to 26 hours late, and once. Dates before the "
        "flow was switched on start nothing.",
        properties={
            "property": {
                "type": "string",
                "title": "Date",
                "description": "A property of the profile with an ISO date, also one without a "
                "year, or first_order_at, last_order_at or last_seen_at.",
            },
            "offset": {
                "type": "object",
                "title": "How far from it",
                "properties": {
                    "n": {"type": "integer", "minimum": 0, "maximum": MOST_OFFSET},
                    "unit": {"enum": list(DATE_UNITS)},
                    "direction": {"enum": ["before", "after"]},
                },
                "required": ["n", "unit", "direction"],
            },
            "repeats": {
                "enum": [str(word) for word in Repeats],
                "default": str(Repeats.YEARLY),
                "title": "How often",
            },
            "at": {**TIME_OF_DAY, "default": "09:00", "title": "At"},
            "timezone": TIMEZONE,
            "weekdays": {
                **WEEKDAYS,
                "description": "Only on these; who would enter on another day enters on the next "
                "of them.",
            },
        },
        required=["property"],
    ),
    _nested(
        "price_drop",
        "A price drops",
        "The price of a variant falls far enough, for those who were interested in its product; "
        "once a day at the most for each product.",
        properties={
            "by": {"type": "number", "exclusiveMinimum": 0, "title": "By at least"},
            "unit": {
                "enum": ["percent", "amount"],
                "default": "percent",
                "title": "Unit",
                "description": "amount: in the currency of the price.",
            },
            "audience": _audience(*INTERESTS),
            "within_days": _WITHIN,
        },
        required=["by"],
    ),
    _nested(
        "low_stock",
        "Stock runs low",
        "So few pieces of a variant are left, for those who were interested in its product.",
        properties={
            "pieces": {
                "enum": sorted(LOW_MARKS),
                "default": 10,
                "title": "So many pieces or fewer",
            },
            "audience": _audience(*INTERESTS),
            "within_days": _WITHIN,
        },
    ),
    _nested(
        "back_in_stock",
        "Back in stock",
        "A variant can be bought again, for those who asked to be told or were interested. All of "
        "them enter at once; where stock is scarce, wait for it in the flow, which lets people on "
        "in tranches.",
        properties={
            "pieces": {
                "type": "integer",
                "minimum": 1,
                "maximum": MOST_PIECES,
                "default": 1,
                "title": "From so many pieces on",
            },
            "audience": _audience(Interest.ASKED, *INTERESTS),
            "within_days": _WITHIN,
        },
    ),
    _nested(
        "refill",
        "What they bought runs out",
        "So much of the time is over that the pieces of a product last which somebody bought last, "
        "and they did not buy it again. A piece lasts as long as the median between orders of the "
        "same product by one person, where there are enough of them and it is flagged as "
        "consumable; else as long as you say on its page.",
        properties={
            "percent": {
                "type": "integer",
                "minimum": 1,
                "maximum": 200,
                "default": REFILL_PERCENT,
                "title": "Percent used up",
            },
        },
    ),
    _nested(
        "new_product",
        "A product is published",
        "A product can be bought for the first time, for those who care for its category; once a "
        "day at the most for each person.",
        properties={
            "audience": {
                "enum": [str(word) for word in Affinity],
                "default": str(Affinity.EITHER),
                "title": "Who hears of it",
                "description": "bought: who bought of its category; viewed: who looked at a "
                "product of it; either: who did one of both.",
            },
            "within_days": {
                **_WITHIN,
                "maximum": MOST_AFFINITY_DAYS,
                "default": AFFINITY_DAYS,
            },
        },
    ),
    _describe(
        "tier",
        "A loyalty tier changes",
        "Somebody comes to another tier; the filter may ask from which and to which.",
        properties={
            "event": {"const": TIER_CHANGED, "default": TIER_CHANGED},
            "filter": FILTER,
        },
        required=["event"],
    ),
    _describe(
        "manual",
        "By hand or over the API",
        "Nobody enters by themselves: members put people or whole segments in, and programs do "
        "with POST /api/v1/flows/{id}/enrol/. That also works for every other flow that is on.",
        properties={"manual": {"const": True, "default": True}},
        required=["manual"],
    ),
)
"""``type``, ``title``, ``description``, ``icon`` and ``schema`` of each, a JSON Schema.

A trigger is of the first kind whose required keys it has and whose schema it fits.
"""
