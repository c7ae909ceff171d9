"""Doorbells of this app."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="segments.tasks.reevaluate_due")
def reevaluate_due(tenant_id: int) -> None:
    """Give the tenant a turn of due memberships."""
    work_off("segments", tenant_id)


@shared_task(base=TenantTask, name="segments.tasks.decide_buyers")
def decide_buyers(tenant_id: int) -> None:
    """Give the tenant a turn of those who bought products that changed."""
    work_off("goods", tenant_id)
