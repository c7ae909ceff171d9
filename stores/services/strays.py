"""Addresses of before, to which a platform may have been told to send after they were given up.

Whoever tells a platform of an address does so outside any transaction, and a merchant may cut the
store off meanwhile, or connect it again. What was registered then is noted (`stray_tokens`), and
taken away by the next turn of `services/registering.py`.
"""

from datetime import timedelta
from typing import Final

from django.db import transaction

from crm.choices import StoreStatus
from kernel import clock
from kernel.scope import current_tenant_id
from kernel.work import ring
from stores.models import Connection
from stores.queries import webhook_url
from stores.types import StoreAccess

REGISTRATIONS: Final = "registrations"
LEASE: Final = timedelta(minutes=10)
"""How long a worker may take to tell a platform until it is taken for dead."""


@transaction.atomic
def note_if_stray(access: StoreAccess) -> bool:
    """Note the address that a platform was told of, where it is not the store's any more.

    Args:
        access: with which the platform was asked.

    Returns:
        Whether it is one of before.
    """
    store_id = access.store.store_id
    found = (
        Connection.objects.select_for_update(no_key=True, of=("self",))
        .select_related("store")
        .filter(store_id=store_id)
        .first()
    )
    is_mine = (
        found is not None
        and found.store.status == StoreStatus.CONNECTED
        and webhook_url(found.store.platform, found.token) == access.webhook_url
    )
    if found is None or is_mine:
        return False
    note_stray(found, access.webhook_url.rstrip("/").rpartition("/")[2])
    return True


def note_stray(found: Connection, token: str) -> None:
    """Have the webhooks of an earlier token taken away; the caller holds the connection.

    A worker that is at it goes on; whether it saw them nobody knows, so another turn follows.
    """
    now = clock.now()
    strays = list(dict.fromkeys([*found.stray_tokens, token]))
    due_at = found.register_due_at
    is_held = due_at is not None and now < due_at <= now + LEASE
    Connection.objects.filter(pk=found.pk).update(
        stray_tokens=strays, register_due_at=due_at if is_held else now
    )
    ring(REGISTRATIONS, current_tenant_id())
