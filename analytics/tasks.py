"""Doorbells of this app."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="analytics.tasks.add_up")
def add_up(tenant_id: int) -> None:
    """Give the tenant a turn of adding up what changed."""
    work_off("rollups", tenant_id)


@shared_task(base=TenantTask, name="analytics.tasks.mail_notices")
def mail_notices(tenant_id: int) -> None:
    """Give the tenant a look at what cannot wait."""
    work_off("notices", tenant_id)


@shared_task(base=TenantTask, name="analytics.tasks.count_events")
def count_events(tenant_id: int) -> None:
    """Count the events of one tenant, and judge whether as many arrive as usual."""
    work_off("events", tenant_id)
