"""Webhooks of a shop: made where they are missing, switched on again where they were switched off.

BigCommerce gives up a webhook that fails for two days. Deliveries of that time are not repeated: a
pull brings what they were about.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from kernel.http import Client
from stores.errors import PullRefused
from stores.platforms.bigcommerce.api import Api, Item, NotThere
from stores.platforms.bigcommerce.naming import SCOPES
from stores.types import MissingTopic, StoreAccess

HOOKS: Final = "v3/hooks"
SECURE: Final = "https://"
NOT_SECURE: Final = (
    "BigCommerce sends only to an https address on the usual port. Give this installation one, "
    "then register the webhooks"
)


class BigCommerceKeeper:
    """The platform as those see it who look after its webhooks."""

    topics = SCOPES

    def is_wanted(self, credentials: Mapping[str, str]) -> bool:
        """Say yes: whatever lets Patron in is enough to try."""
        return True

    def signs_with(self, credentials: Mapping[str, str]) -> str:
        """BigCommerce signs with the client secret, which is the store's signing secret."""
        return ""

    def register(self, access: StoreAccess, client: Client) -> str:
        return ensure_hooks(Api(access, client), access.webhook_url)

    def keep(self, access: StoreAccess, client: Client) -> Sequence[MissingTopic]:
        ensure_hooks(Api(access, client), access.webhook_url)
        return ()

    def unregister(self, access: StoreAccess, client: Client) -> int:
        api = Api(access, client)
        found = _list_ours(api, access.webhook_url)
        for hook in found:
            with suppress(NotThere):  # somebody else was quicker
                api.send("DELETE", f"{HOOKS}/{hook.get('id')}")
        return len(found)


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
    known = _list_ours(api, address)
    scopes = {hook.get("scope") for hook in known}
    missing = [scope for scope in SCOPES if scope not in scopes]
    asleep = [hook for hook in known if hook.get("is_active") is not True]
    for scope in missing:
        wanted = {"scope": scope, "destination": address, "is_active": True}
        api.send("POST", HOOKS, wanted)
    for hook in asleep:
        wanted = {"scope": hook["scope"], "destination": address, "is_active": True}
        api.send("PUT", f"{HOOKS}/{hook.get('id')}", wanted)
    return _describe(len(missing), len(asleep))


def _list_ours(api: Api, address: str) -> list[Item]:
    """Return the webhooks that send to an address and that Patron made."""
    found = [hook for hook in api.list_whole(HOOKS) if hook.get("destination") == address]
    return [hook for hook in found if hook.get("scope") in SCOPES]


def _describe(made: int, woken: int) -> str:
    done = [f"{made} made" if made else "", f"{woken} switched on again" if woken else ""]
    said = ", ".join(part for part in done if part)
    return f"{len(SCOPES)} webhooks are registered: {said or 'all were there already'}."
