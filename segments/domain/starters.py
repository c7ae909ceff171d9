"""Segments that are ready to install: each a definition that the merchant can then change.

What comes with every account is installed by itself (`services.library`); the others wait on the
page of templates.
"""

from dataclasses import dataclass
from typing import Any, Final

from segments.domain.rfm import GROUP_LABELS
from segments.domain.standing import STAGES

CORE: Final = "Comes with every account"
RFM: Final = "RFM groups"
LIFE: Final = "Lifecycle stages"
BEHAVIOUR: Final = "What people do"
RHYTHM: Final = "How they buy"
SEASONS: Final = "Seasons"
LOYALS: Final = "Habits and next steps"

TOP_CATEGORY: Final = "{category}"
"""Stands in a definition for the category that sells best, which is filled in at installation."""


@dataclass(frozen=True, slots=True)
class Starter:
    """One segment that can be installed.

    Attributes:
        key: stable word; the installed segment keeps it.
        description: what it is for, in a sentence or two.
        needs_event: name of an event without which nobody could be in it; empty for none.
    """

    key: str
    name: str
    description: str
    group: str
    definition: dict[str, Any]
    needs_event: str = ""


def _all(*children: dict[str, Any]) -> dict[str, Any]:
    return {"op": "and", "children": list(children)}


def _any(*children: dict[str, Any]) -> dict[str, Any]:
    return {"op": "or", "children": list(children)}


def _field(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": name, "is": operator, "value": value}


def _flag(name: str, *, is_so: bool) -> dict[str, Any]:
    return {"field": name, "is": "=", "value": is_so}


def _orders(operator: str, count: int) -> dict[str, Any]:
    return _field("order_count", operator, count)


def _since_order(operator: str, days: int | list[int]) -> dict[str, Any]:
    return _field("days_since_last_order", operator, days)


def _quiet_for(days: int) -> dict[str, Any]:
    """Ask that nothing was heard of somebody for so long who has been known as long."""
    signs = ("last_opened_at", "last_clicked_at", "last_seen_at", "last_order_at", "created_at")
    return _all(*(_field(name, "not_in_the_last", {"days": days}) for name in signs))


_ABOVE_MEAN: Final = _field("average_order_value", ">", {"store": "mean"})
_TWO_IN_90: Final = {
    "bought": {},
    "count": {"is": ">=", "value": 2},
    "within": {"days": 90},
}

CORE_STARTERS: Final = (
    Starter(
        "new_subscribers",
        "New subscribers",
        "They asked for email and have not ordered yet. Welcome them.",
        CORE,
        _all({"consent": "email", "is": "subscribed"}, _orders("=", 0)),
    ),
    Starter(
        "first_time",
        "First-time buyers",
        "One order so far. The second one makes a customer.",
        CORE,
        _orders("=", 1),
    ),
    Starter("repeat", "Repeat buyers", "Two orders or more.", CORE, _orders(">=", 2)),
    Starter(
        "vip",
        "VIP",
        "The tenth of your buyers with the highest net revenue.",
        CORE,
        _field("net_revenue", "top", {"percent": 10}),
    ),
    Starter(
        "at_risk",
        "At risk",
        "Last order 60 to 119 days ago. Remind them before they forget you.",
        CORE,
        _since_order("between", [60, 119]),
    ),
    Starter("churned", "Churned", "No order for 120 days or more.", CORE, _since_order(">=", 120)),
    Starter(
        "unhappy",
        "Unhappy right now",
        "An open ticket, an open return or a bad review without an answer. "
        "They leave by themselves once it is settled; send them nothing that sells until then.",
        CORE,
        _any(
            _flag("has_open_ticket", is_so=True),
            _flag("has_open_return", is_so=True),
            _flag("has_negative_review", is_so=True),
        ),
    ),
)
"""Installed with every account and kept."""

_RFM_ADVICE: Final = {
    "champions": "Bought lately, often and for much. Thank them first.",
    "loyal": "Come back again and again. Keep them with points and bundles.",
    "potential": "One order, not long ago. Earn the second one.",
    "promising": "Bought lately, not often yet. Build the habit.",
    "one_time_lapsed": "One order, some time ago. One reminder, then leave them in peace.",
    "needs_attention": "Drift off slowly. Ask what is missing.",
    "at_risk": "Have not bought for long. Win them back now.",
    "lapsed_regular": "Were regulars and stay away. Your strongest win-back goes here.",
    "lost": "Bought little, long ago. Spend little here.",
}

RFM_STARTERS: Final = tuple(
    Starter(
        f"rfm_{group}",
        f"RFM: {label}",
        _RFM_ADVICE[group],
        RFM,
        _field("rfm_group", "=", group),
    )
    for group, label in GROUP_LABELS.items()
)

_STAGE_ADVICE: Final = {
    "subscriber": "Subscribed and never ordered. Welcome them.",
    "first_time": "One order in the last 60 days. The second one makes a customer.",
    "active": "Two or three orders, the last within 60 days. Build the habit.",
    "loyal": "Four orders or more, the last within 60 days. Thank them.",
    "won_back": "Back in the last 60 days, after 120 or more without an order. Keep them.",
    "at_risk": "Last order 60 to 119 days ago. Remind them before they forget you.",
    "churned": "No order for 120 days or more. Win them back, or let them go.",
}

STAGE_STARTERS: Final = tuple(
    Starter(
        f"stage_{stage}",
        f"Stage: {STAGES[stage]}",
        f"{advice} Everybody is at one stage at a time.",
        LIFE,
        {"stage": stage},
    )
    for stage, advice in _STAGE_ADVICE.items()
)
"""With all of them installed, every change of a stage is an exit and an entry."""

OTHER_STARTERS: Final = (
    Starter(
        "browse_abandoners",
        "Browse abandoners",
        "Looked at a product in the last 7 days and put nothing into a cart. Show it again.",
        BEHAVIOUR,
        _all(
            _field("last_viewed_at", "in_the_last", {"days": 7}),
            _field("last_carted_at", "not_in_the_last", {"days": 7}),
        ),
        needs_event="Product Viewed",
    ),
    Starter(
        "cart_abandoners",
        "Cart abandoners",
        "Put something into a cart in the last 7 days and did not order. Bring the cart back.",
        BEHAVIOUR,
        _all(
            _field("last_carted_at", "in_the_last", {"days": 7}),
            _field("last_order_at", "not_in_the_last", {"days": 7}),
        ),
        needs_event="Product Added",
    ),
    Starter(
        "churning",
        "Churning",
        "Bought at least twice and not for 90 days. Longer than usual for most.",
        BEHAVIOUR,
        _all(_orders(">=", 2), _since_order(">=", 90)),
    ),
    Starter(
        "inactive",
        "Inactive",
        "Neither opened, clicked, visited nor ordered for 90 days. Ask once, then let them rest.",
        BEHAVIOUR,
        _quiet_for(90),
    ),
    Starter(
        "asleep",
        "Asleep",
        "Neither opened, clicked, visited nor ordered for 180 days. A last chance, then silence.",
        BEHAVIOUR,
        _quiet_for(180),
    ),
    Starter(
        "two_in_90_days",
        "Two orders in 90 days",
        "Buy often at the moment. Offer what keeps them coming.",
        RHYTHM,
        _TWO_IN_90,
    ),
    Starter(
        "ordered_in_30_days",
        "Ordered in the last 30 days",
        "Fresh buyers. Ask for a review, show what goes with it.",
        RHYTHM,
        _field("last_order_at", "in_the_last", {"days": 30}),
    ),
    Starter(
        "above_average",
        "Spends above average",
        "Average order above that of your store. Show the finer things.",
        RHYTHM,
        _ABOVE_MEAN,
    ),
    Starter(
        "top_category",
        "Bought your top category",
        "Bought from the category that sells best in the last 60 days. "
        "Change the category after you install it.",
        RHYTHM,
        {"bought": {"category": TOP_CATEGORY}, "within": {"days": 60}},
    ),
    Starter(
        "lapse_risk",
        "About to lapse",
        "Two orders or more ever, and none for 60 days.",
        RHYTHM,
        _all(_orders(">=", 2), _since_order(">=", 60)),
    ),
    Starter(
        "good_and_quiet",
        "Good customers gone quiet",
        "Two orders in 90 days, above your average, and none for 45 days. Worth a personal word.",
        RHYTHM,
        _all(_TWO_IN_90, _ABOVE_MEAN, _since_order(">=", 45)),
    ),
    Starter(
        "seasonal",
        "Seasonal shoppers",
        "Bought in the same quarter of two years or more, and half of all orders then. "
        "Write to them when it is their time.",
        SEASONS,
        {"season": {"each": "quarter"}, "years": 2, "share": {"percent": 50}},
    ),
    Starter(
        "holiday",
        "Holiday shoppers",
        "Bought in November or December of two years or more.",
        SEASONS,
        {"season": {"months": [11, 12]}, "years": 2, "share": {"percent": 30}},
    ),
    Starter(
        "monthly",
        "Monthly buyers",
        "Three orders or more in 90 days. A subscription may suit them.",
        LOYALS,
        {"bought": {}, "count": {"is": ">=", "value": 3}, "within": {"days": 90}},
    ),
    Starter(
        "occasional",
        "Occasional shoppers",
        "Two orders or more with 90 days or more between them, the last within a year.",
        LOYALS,
        _all(
            _orders(">=", 2),
            _field("days_between_orders", ">=", 90),
            _since_order("<=", 365),
        ),
    ),
    Starter(
        "long_time",
        "Long-time customers",
        "First order a year ago or more, and still buying. Thank them for the years.",
        LOYALS,
        _all(_field("days_since_first_order", ">=", 365), _since_order("<=", 180)),
    ),
    Starter(
        "happy_champions",
        "Champions who are happy",
        "Champions who gave four or five stars, or praised your support, in the last 30 days, and "
        "with whom nothing is open. Ask them to bring a friend.",
        LOYALS,
        _all(
            _field("rfm_group", "=", "champions"),
            _any(
                {
                    "event": "Review Submitted",
                    "where": [{"property": "rating", "is": ">=", "value": 4}],
                    "within": {"days": 30},
                },
                {
                    "event": "Ticket Resolved",
                    "where": [{"property": "satisfaction", "is": "=", "value": "good"}],
                    "within": {"days": 30},
                },
            ),
            _flag("has_open_ticket", is_so=False),
            _flag("has_negative_review", is_so=False),
        ),
    ),
    Starter(
        "upsell_ready",
        "Ready for more",
        "Two orders or more, above your average, the last 14 to 60 days ago, no ticket open.",
        LOYALS,
        _all(
            _orders(">=", 2),
            _ABOVE_MEAN,
            _since_order("between", [14, 60]),
            _flag("has_open_ticket", is_so=False),
        ),
    ),
    Starter(
        "wishlist",
        "Wish list holders",
        "Put something on a wish list in the last 90 days. Tell them when it gets cheaper.",
        LOYALS,
        {"event": "Product Added to Wishlist", "within": {"days": 90}},
        needs_event="Product Added to Wishlist",
    ),
)

STARTERS: Final = (*CORE_STARTERS, *RFM_STARTERS, *STAGE_STARTERS, *OTHER_STARTERS)
