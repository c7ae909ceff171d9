"""The store that takes what comes through the REST API without naming one."""

from typing import Any

from crm.choices import API_STORE, Platform
from crm.models import Store
from crm.services.stores import StoreData, ensure_store
from kernel.errors import NotFound


def resolve_store(store_id: Any) -> int:
    """Return the id of the store named by a caller, or of the one for API calls.

    Args:
        store_id: what the caller sent; None or empty takes the store named API, made on first use.

    Raises:
        NotFound: the tenant has no such store.
    """
    if store_id in (None, ""):
        return ensure_api_store()
    text = str(store_id)
    is_id = text.isascii() and text.isdecimal() and len(text) < 19  # noqa: PLR2004 digits of a bigint
    if not is_id or not Store.objects.filter(pk=int(text)).exists():
        raise NotFound("There is no such store.", fields={"store_id": "There is no such store."})
    return int(text)


def ensure_api_store() -> int:
    """Return the id of the store for API calls; a repeat returns the first one's."""
    return ensure_store(StoreData(name=API_STORE, platform=Platform.CUSTOM)).pk
