"""Where orders come from: what a page says that has nothing to show yet."""

from crm.choices import StoreStatus
from crm.models import Store


def list_connected() -> list[Store]:
    """Return the stores that are connected now, by name."""
    return list(Store.objects.filter(status=StoreStatus.CONNECTED).order_by("name"))
