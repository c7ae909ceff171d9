"""What is asked of Ada, of every kind of condition, and what is to be said of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
"""One o'clock in London, where midnight is 23:00 UTC."""
VIEWED = "Product Viewed"


@dataclass(frozen=True)
class Case:
    """A condition that is asked of Ada, and what is to be said.

    Attributes:
        turns_at: when she leaves by time alone or, where it does not hold, enters.
    """

    definition: dict[str, Any]
    words: str
    actual: str
    holds: bool = True
    turns_at: datetime | None = None


def field(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    leaf = {"field": name, "is": operator, **more}
    return leaf if value is None else {**leaf, "value": value}


def days(count: int) -> dict[str, int]:
    return {"days": count}


def midnight(month: int, day: int) -> datetime:
    """Return when a day of the summer of 2026 begins in London."""
    return datetime(2026, month, day, tzinfo=UTC) - timedelta(hours=1)


FIELDS_ASKED: list[Case] = [
    Case(field("order_count", ">=", 2), "Orders: at least 2", "3 orders"),
    Case(field("order_count", "missing"), "Orders: not known", "3 orders", holds=False),
    Case(field("net_revenue", ">", 100), "Net revenue: more than £100.00", "£300.00"),
    Case(
        field("net_revenue", ">=", {"store": "mean"}),
        "Net revenue: at least the store’s average",
        "£300.00",
    ),
    Case(
        field("net_revenue", ">", {"store": {"percentile": 75}}),
        "Net revenue: more than percentile 75 of the store",
        "£300.00",
        holds=False,
    ),
    Case(
        field("net_revenue", "top", {"percent": 10}),
        "Net revenue: top 10% of buyers",
        "£300.00",
    ),
    Case(
        field("net_revenue", "in_quartile", [1, 4]),
        "Net revenue: lowest quarter or highest quarter of buyers",
        "£300.00",
    ),
    Case(
        field("days_since_last_order", "<", 30),
        "Days since last order: less than 30",
        "20 days",
        turns_at=midnight(7, 10),
    ),
    Case(
        field("days_since_last_order", "between", [60, 119]),
        "Days since last order: 60 to 119",
        "20 days",
        holds=False,
        turns_at=midnight(8, 9),
    ),
    Case(
        field("last_order_at", "in_the_last", days(30)),
        "Last order: in the last 30 days",
        "10 Jun 2026",
        turns_at=midnight(7, 11),
    ),
    Case(
        field("last_order_at", "not_in_the_last", days(30)),
        "Last order: not in the last 30 days",
        "10 Jun 2026",
        holds=False,
        turns_at=midnight(7, 11),
    ),
    Case(
        field("last_seen_at", "in_the_last", {"hours": 24}),
        "Last visit: in the last 24 hours",
        "30 Jun 2026",
        turns_at=NOW + timedelta(hours=22),
    ),
    Case(
        field("last_order_at", "between_ago", [days(7), days(21)]),
        "Last order: between 7 and 21 days ago",
        "10 Jun 2026",
        turns_at=midnight(7, 2),
    ),
    Case(
        field("first_order_at", "at_least_ago", days(365)),
        "First order: at least 365 days ago",
        "5 Dec 2024",
    ),
    Case(
        field("created_at", "before", "2026-05-31"),
        "First known: before 31 May 2026",
        "10 Jan 2026",
    ),
    Case(field("created_at", "in_month", [1]), "First known: in January", "10 Jan 2026"),
    Case(
        field("first_order_at", "anniversary", {"next": days(7)}),
        "First order: anniversary in the next 7 days",
        "5 Dec 2024",
        holds=False,
        turns_at=datetime(2026, 11, 28, tzinfo=UTC),
    ),
    Case(field("last_opened_at", "missing"), "Last open: not known", "not known"),
    Case(field("country", "=", "GB"), "Country: GB", "GB"),
    Case(field("rfm_group", "=", "champions"), "RFM group: Champions", "Champions"),
    Case(
        field("loyalty_tier", "=", "gold"),
        "Loyalty tier: gold",
        "Gold",
        turns_at=midnight(7, 30),
    ),
    Case(
        field("loyalty_tier", "!=", "Gold"),
        "Loyalty tier: not Gold",
        "Gold",
        holds=False,
        turns_at=midnight(7, 30),
    ),
    Case(
        field("loyalty_tier", "in", ["Gold", "Silver"]), "Loyalty tier: any of Gold, Silver", "Gold"
    ),
    Case(
        field("loyalty_rank", ">=", 2),
        "Loyalty tier level (1 is the lowest): at least 2",
        "2",
        turns_at=midnight(7, 30),
    ),
    Case(
        field("tier_ends_at", "in_the_next", days(14)),
        "Loyalty tier ends unless they earn it again: in the next 14 days",
        "30 Jul 2026",
        holds=False,
        turns_at=midnight(7, 16),
    ),
    Case(field("points_balance", ">", 300), "Points balance: more than 300", "340 points"),
    Case(
        # On the 20th in London: that day is still ahead of her when it begins.
        field("points_expire_at", "in_the_next", days(30)),
        "Next points expire: in the next 30 days",
        "20 Jul 2026",
        turns_at=midnight(7, 21),
    ),
    Case(field("has_email", "=", True), "Has an email address: yes", "yes"),
    Case(field("tags", "contains", "VIP"), "Tags: contains VIP", "VIP"),
    Case(field("tags", "length_at_least", 1), "Tags: at least 1 value", "VIP"),
    Case(
        field("last_seen_at", "at_least_ago", {"hours": 4}),
        "Last visit: at least 4 hours ago",
        "30 Jun 2026",
        holds=False,
        turns_at=NOW + timedelta(hours=2),
    ),
]
PROPERTIES_ASKED: list[Case] = [
    Case(field("properties.colour", "=", "teal"), "Property “colour”: teal", "teal"),
    Case(field("properties.size", ">", 36), "Property “size”: more than 36", "38"),
    Case(field("properties.is_member", "=", True), "Property “is_member”: yes", "yes"),
    Case(
        field("properties.likes", "contains_any", ["tea", "wax"], type="list"),
        "Property “likes”: any of tea, wax",
        "tea, soap",
    ),
    Case(
        field("properties.renews", "in_the_next", days(7), type="date"),
        "Property “renews”: in the next 7 days",
        "5 Jul 2026",
        turns_at=midnight(7, 6),
    ),
    Case(
        field("properties.birthday", "anniversary", "this_week", type="date"),
        "Property “birthday”: anniversary this week",
        "4 Jul 1990",
        turns_at=midnight(7, 6),
    ),
    Case(field("properties.shoes", "exists"), "Property “shoes”: known", "not known", holds=False),
]
HAPPENINGS_ASKED: list[Case] = [
    Case(
        {"event": VIEWED, "count": {"is": ">=", "value": 2}, "within": days(7)},
        "“Product Viewed”: at least twice in the last 7 days",
        "twice",
        turns_at=midnight(7, 5),
    ),
    Case(
        # The older of both leaves first, which changes nothing.
        {"event": VIEWED, "within": days(7)},
        "“Product Viewed”: at least once in the last 7 days",
        "twice",
        turns_at=midnight(7, 8),
    ),
    Case(
        {"event": VIEWED, "sum": {"property": "price", "is": ">", "value": 15}, "within": days(7)},
        "“Product Viewed”: sum of price more than 15 in the last 7 days",
        "20",
        turns_at=midnight(7, 5),
    ),
    Case(
        {"event": "Checkout Started", "within": {"hours": 24}},
        "“Checkout Started”: at least once in the last 24 hours",
        "once",
        turns_at=NOW + timedelta(hours=19),
    ),
    Case(
        {"event": "Checkout Started", "before": {"hours": 6}},
        "“Checkout Started”: at least once at least 6 hours ago",
        "not once",
        holds=False,
        turns_at=NOW + timedelta(hours=1),
    ),
    Case(
        {"event": "Checkout Started", "before": days(3)},
        "“Checkout Started”: at least once at least 3 days ago",
        "not once",
        holds=False,
        turns_at=midnight(7, 3),
    ),
    Case(
        {"event": "Message Opened", "count": {"is": "=", "value": 0}},
        "“Message Opened”: never",
        "not once",
    ),
    Case(
        {"first_event": VIEWED, "where": [{"property": "category", "is": "=", "value": "Soap"}]},
        "First “Product Viewed” where category is Soap",
        "27 Jun 2026",
    ),
    Case(
        {"first_event": "Quiz Done", "anniversary": "this_month"},
        "First “Quiz Done” with an anniversary this month",
        "21 Jun 2026",
        holds=False,
        turns_at=datetime(2027, 5, 31, 23, tzinfo=UTC),
    ),
    Case(
        {"last_event": VIEWED, "within": days(7)},
        "Most recent “Product Viewed” was in the last 7 days",
        "30 Jun 2026",
        turns_at=midnight(7, 8),
    ),
    Case(
        {"funnel": [{"event": "Quiz Done"}, {"event": VIEWED}], "complete_in": days(7)},
        "“Quiz Done”, then “Product Viewed”, within 7 days",
        "21 Jun 2026",
    ),
    Case(
        {
            "funnel": [{"event": "Checkout Started"}, {"not": "Order Placed"}],
            "complete_in": days(3),
            "within": days(10),
        },
        "“Checkout Started”, then not “Order Placed”, within 3 days, begun in the last 10 days",
        "never",
        holds=False,
        turns_at=NOW - timedelta(hours=5) + timedelta(days=3),
    ),
    Case(
        {"bought": {"category": "Soap"}, "within": days(60)},
        "Bought category Soap in the last 60 days",
        "1 order",
        turns_at=midnight(8, 10),
    ),
    Case(
        # The 5th of December comes before the 20th.
        {"bought": {"category": "Tea"}, "anniversary": {"next": days(30)}},
        "Bought category Tea with an anniversary in the next 30 days",
        "0 orders",
        holds=False,
        turns_at=datetime(2026, 11, 5, tzinfo=UTC),
    ),
    Case({"bought": {"brand": "Acme"}}, "Bought brand Acme", "0 orders", holds=False),
    Case(
        {"not_bought": {"category": "Soap"}, "within": days(60)},
        "Never bought category Soap in the last 60 days",
        "1 order",
        holds=False,
        turns_at=midnight(8, 10),
    ),
    Case(
        {"season": {"months": [11, 12]}, "share": {"percent": 60}},
        "Bought in November or December of at least 2 years, with at least 60% of all orders",
        "2 years",
    ),
]
STANDINGS_ASKED: list[Case] = [
    Case({"consent": "email", "is": "subscribed"}, "Email: subscribed", "subscribed"),
    Case({"consent": "sms", "is": "subscribed"}, "SMS: subscribed", "never asked for", holds=False),
    Case({"reachable": "email"}, "Email: reachable for promotions", "subscribed"),
    Case({"reachable": "push"}, "Push: reachable for promotions", "no browser or app", holds=False),
    Case({"reachable": "sms"}, "SMS: reachable for promotions", "no address", holds=False),
    Case(
        {"rfm_moved": {"from": "loyal"}, "within": days(30)},
        "RFM group moved from Loyal compared with 30 days ago",
        "Loyal then, Champions now",
        turns_at=midnight(7, 11),
    ),
    Case(
        {"near": {"latitude": 51.5074, "longitude": -0.1278}, "within": {"km": 85}},
        "Lives within 85 km of 51.5074, -0.1278",
        "82.6 km away",
    ),
    Case(
        # She bought on 10 June, 172 days after the order before.
        {"stage": ["won_back", "loyal"]},
        "Lifecycle stage: Loyal or Won back",
        "Won back",
        turns_at=midnight(8, 9),
    ),
    Case(
        {"stage": "churned"},
        "Lifecycle stage: Churned",
        "Won back",
        holds=False,
        turns_at=midnight(10, 8),
    ),
    Case({"random_bucket": {"percent": 99.99}}, "In a random 99.99% of all", "at {drawn}%"),
    Case(
        {"segment": "{recent}", "is": "member"},
        "In segment “Recent”",
        "in it",
        True,
        midnight(7, 11),
    ),
    Case(
        # She came in as everybody was counted, now.
        {"segment": "{recent}", "is": "member", "before": days(3)},
        "In segment “Recent”, joined at least 3 days ago",
        "in it since 30 Jun 2026",
        holds=False,
        turns_at=midnight(7, 3),
    ),
    Case(
        {"segment": "{recent}", "is": "member", "within": days(3)},
        "In segment “Recent”, joined in the last 3 days",
        "in it since 30 Jun 2026",
        turns_at=midnight(7, 4),
    ),
    Case(
        {"segment": "{recent}", "is": "not_member"},
        "Not in segment “Recent”",
        "in it",
        holds=False,
        turns_at=midnight(7, 11),
    ),
]
CASES = [*FIELDS_ASKED, *PROPERTIES_ASKED, *HAPPENINGS_ASKED, *STANDINGS_ASKED]
