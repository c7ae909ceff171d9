"""Webhooks of a shop: made where they are missing, switched on again where they were switched off.

BigCommerce gives up a webhook that fails for two days. Deliveries of that time are not repeated: a
pull brings what they were about.
"""

from typing import Final

from stores.errors import PullRefused
from stores.platforms.bigcommerce.api import Api, Item
from stores.platforms.bigcommerce.naming import SCOPES

HOOKS: Final = "v3/hooks"
SECURE: Final = "https://"
NOT_SECURE: Final = (
    "BigCommerce sends only to an https address on the usual port. Give this installation one, "
    "then register the webhooks"
)


def can_register(address: str) -> bool:
    """Say whether BigCommerce would send to an address."""
    return address.startswith(SECURE)


def ensure_hooks(api: Api, address: str) -> str:
    """Make every webhook there must be; a repeat changes nothing.

    Returns:
        What was done, for people.

    Raises:
        PullRefused: BigCommerce cannot send to this address, or refuses.
    """
    if not can_register(address):
        raise PullRefused(NOT_SECURE)
    known = [hook for hook in api.list_whole(HOOKS) if hook.get("destination") == address]
    by_scope = {str(hook.get("scope")): hook for hook in known}
    missing = [scope for scope in SCOPES if scope not in by_scope]
    asleep = [hook for hook in known if _is_ours(hook) and hook.get("is_active") is not True]
    for scope in missing:
        wanted = {"scope": scope, "destination": address, "is_active": True}
        api.send("POST", HOOKS, wanted)
    for hook in asleep:
        wanted = {"scope": hook["scope"], "destination": address, "is_active": True}
        api.send("PUT", f"{HOOKS}/{hook.get('id')}", wanted)
    return _describe(len(missing), len(asleep))


def _is_ours(hook: Item) -> bool:
    return hook.get("scope") in SCOPES


def _describe(made: int, woken: int) -> str:
    done = [f"{made} made" if made else "", f"{woken} switched on again" if woken else ""]
    said = ", ".join(part for part in done if part)
    return f"{len(SCOPES)} webhooks are registered: {said or 'all were there already'}."
