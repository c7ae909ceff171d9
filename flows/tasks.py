"""Tasks of this app: each says that a tenant has work."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="flows.tasks.advance_due")
def advance_due(tenant_id: int) -> None:
    """Advance the due runs of one tenant for one turn."""
    work_off("flows", tenant_id)


@shared_task(base=TenantTask, name="flows.tasks.run_campaigns")
def run_campaigns(tenant_id: int) -> None:
    """Take the due campaigns of one tenant further for one turn."""
    work_off("campaigns", tenant_id)
