"""What many would build instead: one Celery task per webhook, which does everything for one order.

Patron's workers do not know the task: only a worker that is told to include this module does. Each
task goes through the same services with a batch of one.
"""

from dataclasses import dataclass

from config.celery import app
from crm.services.reactions import drain_reactions
from kernel.batches import Deadline
from kernel.tasks import TenantTask
from stores.services import inbox

QUEUE = "bench"


@dataclass(slots=True)
class _OneBatch(Deadline):
    """Passes once a first batch was claimed."""

    is_begun: bool = False

    @property
    def passed(self) -> bool:
        is_over, self.is_begun = self.is_begun, True
        return is_over


@app.task(base=TenantTask, name="bench.apply_one", queue=QUEUE)
def apply_one(tenant_id: int) -> None:
    """Apply one waiting delivery and let every handler see its events."""
    del tenant_id  # its scope is open
    inbox.BATCH_SIZE = 1  # type: ignore[misc] # in this process alone
    inbox.drain_inbox(_OneBatch())
    drain_reactions(Deadline(seconds=None))
