"""The six segments that every tenant starts with; their thresholds are edited like any other."""

from typing import Any, Final

from django.db import transaction

from kernel import clock
from segments.choices import Cause
from segments.models import Segment
from segments.services.rebuild import rebuild

_SINCE_LAST_ORDER = "days_since_last_order"

CORE_SEGMENTS: Final[tuple[dict[str, Any], ...]] = (
    {
        "key": "new_subscribers",
        "name": "New subscribers",
        "description": "They asked for email and have not ordered yet. Welcome them.",
        "definition": {
            "op": "and",
            "children": [
                {"consent": "email", "is": "subscribed"},
                {"field": "order_count", "is": "=", "value": 0},
            ],
        },
    },
    {
        "key": "first_time",
        "name": "First-time buyers",
        "description": "One order so far. The second one makes a customer.",
        "definition": {"field": "order_count", "is": "=", "value": 1},
    },
    {
        "key": "repeat",
        "name": "Repeat buyers",
        "description": "Two orders or more.",
        "definition": {"field": "order_count", "is": ">=", "value": 2},
    },
    {
        "key": "vip",
        "name": "VIP",
        "description": "The tenth of your buyers with the highest net revenue.",
        "definition": {"field": "net_revenue", "is": "top", "value": {"percent": 10}},
    },
    {
        "key": "at_risk",
        "name": "At risk",
        "description": "Last order 60 to 119 days ago. Remind them before they forget you.",
        "definition": {"field": _SINCE_LAST_ORDER, "is": "between", "value": [60, 119]},
    },
    {
        "key": "churned",
        "name": "Churned",
        "description": "No order for 120 days or more.",
        "definition": {"field": _SINCE_LAST_ORDER, "is": ">=", "value": 120},
    },
)


def install_core_segments() -> None:
    """Install the core segments that the tenant does not have yet; a repeat changes nothing."""
    with transaction.atomic():
        present = set(Segment.objects.exclude(key="").values_list("key", flat=True))
        missing = [Segment(**core) for core in CORE_SEGMENTS if core["key"] not in present]
        Segment.objects.bulk_create(missing, ignore_conflicts=True)
    if missing:
        rebuild(clock.now(), Cause.DEFINITION)
