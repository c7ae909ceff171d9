"""Recomputes what is derived, app by app, and compares it with what is stored."""

from collections.abc import Callable

from django.db import transaction

from analytics.services.checks import find_differences as of_analytics
from crm.services.checks import find_differences as of_crm
from flows.services.checks import find_differences as of_flows
from loyalty.services.checks import find_differences as of_loyalty
from messaging.services.checks import find_differences as of_messaging
from segments.services.checks import find_differences as of_segments
from stores.services.checks import find_differences as of_stores

CHECKS: dict[str, Callable[[], list[str]]] = {
    "crm": of_crm,
    "stores": of_stores,
    "loyalty": of_loyalty,
    "segments": of_segments,
    "flows": of_flows,
    "messaging": of_messaging,
    "analytics": of_analytics,
}


def verify_tenant() -> dict[str, list[str]]:
    """Return the differences of the active tenant by app; an empty list is right.

    Each app is looked at in one transaction of its own, which writes nothing.
    """
    found = {}
    for app, find in CHECKS.items():
        with transaction.atomic():
            found[app] = find()
    return found
