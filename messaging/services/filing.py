"""Files what nobody told over the callback edge: mails of a mailbox, and what reports in mails say.

It is applied like everything that a provider tells, once.
"""

from collections.abc import Iterable

from kernel import clock
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.channels.base import ProviderEvent
from messaging.models import ProviderCallback
from messaging.services.callback_edge import CALLBACKS, body_of


def file_told(account_id: int, events: Iterable[ProviderEvent]) -> None:
    """File events of an account in the surrounding transaction; a repeat changes nothing."""
    now = clock.now()
    rows = [
        ProviderCallback(
            account_id=account_id,
            dedupe_key=event.dedupe_key,
            kind=event.kind,
            body=body_of(event),
            received_at=now,
            due_at=now,
        )
        for event in events
    ]
    if rows:
        ProviderCallback.objects.bulk_create(rows, ignore_conflicts=True)
        ring(CALLBACKS, current_tenant_id())
