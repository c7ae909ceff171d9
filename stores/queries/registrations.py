"""What a platform knows of where the webhooks of a store go."""

import json

from crm.choices import StoreStatus
from kernel import clock
from kernel.secrets import decrypt
from stores.models import Connection
from stores.platforms import KEEPERS
from stores.types import MissingTopic, Registration


def is_registration_wanted(found: Connection) -> bool:
    """Say whether webhooks of a connection are registered from here.

    Args:
        found: with its store.
    """
    keeper = KEEPERS.get(found.store.platform)
    kept = found.credentials_encrypted
    return bool(keeper and kept and keeper.is_wanted(json.loads(decrypt(kept))))


def find_registration(store_id: int) -> Registration | None:
    """Return what the platform of a connected store knows of where its webhooks go.

    Returns:
        None where it cannot be told, or nothing is known that lets Patron in.
    """
    found = (
        Connection.objects.select_related("store")
        .filter(
            store_id=store_id,
            store__platform__in=KEEPERS,
            store__status=StoreStatus.CONNECTED,
            credentials_encrypted__gt="",
        )
        .first()
    )
    if found is None or not is_registration_wanted(found):
        return None
    due_at = found.register_due_at
    return Registration(
        is_due=due_at is not None and due_at <= clock.now(),
        registered_at=found.registered_at,
        detail=found.register_detail,
        topics=len(KEEPERS[found.store.platform].topics),
        missing=[MissingTopic(*each) for each in found.missing_topics],
    )
