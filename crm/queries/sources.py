"""Where orders come from: what a page says that has nothing to show yet."""

from crm.choices import API_STORE, StoreStatus
from crm.models import Store


def list_connected() -> list[Store]:
    """Return the stores that are connected now, by name."""
    return list(Store.objects.filter(status=StoreStatus.CONNECTED).order_by("name"))


def find_api_store() -> int | None:
    """Return the id of the store that takes calls of sites and apps; None before the first."""
    return Store.objects.filter(name=API_STORE).values_list("pk", flat=True).first()
