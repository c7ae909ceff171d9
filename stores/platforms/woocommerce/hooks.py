"""Webhooks of a shop: made where they are missing, switched on again where they failed too often.

WooCommerce gives up a webhook after five failures in a row and repeats nothing: a pull brings what
it would have told. What it signs with cannot be asked for, so the webhooks that Patron made say in
their name which key they were made with; those that a merchant made keep their own secret.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullRefused
from stores.platforms.fields import Json, child, children, text
from stores.platforms.woocommerce.platform import TOPICS
from stores.platforms.woocommerce.pull import MAX_NESTED_PAGES, PAGE_SIZE, ask, read_list
from stores.platforms.woocommerce.writing import PERMISSION, tell
from stores.types import MissingTopic, StoreAccess

HOOKS: Final = "webhooks"
REGISTERED: Final = sorted(TOPICS)
OURS: Final = "Patron"
ACTIVE, DISABLED = "active", "disabled"
PAUSED: Final = "It is paused in WooCommerce; switch it on there"
NO_REASON: Final = "WooCommerce gives no reason"
NEEDS: Final = (
    f"With a key that has the permission {PERMISSION} the webhooks are registered for you; with "
    "another one add them by hand"
)
_SIGNS: Final = 8


class WooCommerceKeeper:
    """The platform as those see it who look after its webhooks."""

    topics = REGISTERED

    def is_wanted(self, credentials: Mapping[str, str]) -> bool:
        """Say yes: whatever lets Patron in is enough to try."""
        return True

    def signs_with(self, credentials: Mapping[str, str]) -> str:
        """Return what the webhooks are signed with that Patron made: the consumer secret."""
        return credentials.get("consumer_secret", "")

    def register(self, access: StoreAccess, client: Client) -> str:
        missing = self.keep(access, client)
        told = f"{len(REGISTERED) - len(missing)} of {len(REGISTERED)} webhooks are registered."
        return " ".join([told, *(f"{each.topic}: {each.reason}." for each in missing)])

    def keep(self, access: StoreAccess, client: Client) -> Sequence[MissingTopic]:
        secret = self.signs_with(access.credentials)
        known = {text(hook, "topic"): hook for hook in _list(access, client)}
        lacking = [topic for topic in REGISTERED if topic not in known]
        given = {"name": _name(secret), "secret": secret, "status": ACTIVE}
        created = [{**given, "topic": each, "delivery_url": access.webhook_url} for each in lacking]
        updated = [change for hook in known.values() if (change := _mend(hook, given))]
        answer = _write(access, client, {"create": created, "update": updated})
        paused = [topic for topic, hook in known.items() if text(hook, "status") == "paused"]
        refused = zip(lacking, children(answer, "create"), strict=False)
        return [
            *(MissingTopic(topic, PAUSED) for topic in paused if topic in TOPICS),
            *(
                MissingTopic(topic, text(child(hook, "error"), "message") or NO_REASON)
                for topic, hook in refused
                if "error" in hook
            ),
        ]

    def unregister(self, access: StoreAccess, client: Client) -> int:
        found = [hook["id"] for hook in _list(access, client)]
        _write(access, client, {"delete": found})
        return len(found)


def _list(access: StoreAccess, client: Client) -> list[Json]:
    """Return the webhooks that send to the address of the store."""
    found: list[Json] = []
    for page in range(1, MAX_NESTED_PAGES + 1):
        params = {"per_page": str(PAGE_SIZE), "page": str(page), "orderby": "id", "order": "asc"}
        hooks = read_list(ask(access, client, HOOKS, params), HOOKS)
        found += [hook for hook in hooks if text(hook, "delivery_url") == access.webhook_url]
        if len(hooks) < PAGE_SIZE:
            break
    return found


def _mend(hook: Json, given: Mapping[str, str]) -> dict[str, Any]:
    """Return what is to be changed of a webhook; nothing of one that works or is paused."""
    name = text(hook, "name")
    is_stale = name.startswith(f"{OURS} ") and name != given["name"]
    woken = {"status": ACTIVE} if text(hook, "status") == DISABLED else {}
    signed = {"name": given["name"], "secret": given["secret"]} if is_stale else {}
    return {"id": hook["id"], **woken, **signed} if woken or signed else {}


def _write(access: StoreAccess, client: Client, wanted: Mapping[str, Sequence[Any]]) -> Json:
    """Have the shop change its webhooks; without anything to change it is not asked."""
    batch = {what: each for what, each in wanted.items() if each}
    if not batch:
        return {}
    try:
        return tell(access, client, f"{HOOKS}/batch", batch)
    except PullRefused as exc:
        raise PullRefused(f"{str(exc).removesuffix('.')}. {NEEDS}") from exc


def _name(secret: str) -> str:
    return f"{OURS} {hashlib.sha256(secret.encode()).hexdigest()[:_SIGNS]}"
