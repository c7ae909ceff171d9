"""Why a setting of the tenant cannot change any more."""

from crm.models import Order


def currency_obstacle() -> str:
    """Return why the active tenant must keep its currency; empty while it may change."""
    if not Order.objects.exists():
        return ""
    return (
        "There are orders already, and their amounts are kept in this currency. "
        "Open a new shop for another currency."
    )
