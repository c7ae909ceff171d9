"""Why a setting of the tenant cannot change any more."""

from crm.models import Order
from kernel.keyset import has_any


def currency_obstacle() -> str:
    """Return why the active tenant must keep its currency; empty while it may change."""
    if not has_any(Order.objects.all()):
        return ""
    return (
        "There are orders already, and their amounts are kept in this currency. "
        "Open a new shop for another currency."
    )
