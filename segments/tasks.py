"""Doorbells of this app."""

from celery import shared_task

from kernel import clock
from kernel.tasks import TenantTask
from kernel.work import work_off
from segments.services.rebuild import refresh_everything


@shared_task(base=TenantTask, name="segments.tasks.reevaluate_due")
def reevaluate_due(tenant_id: int) -> None:
    """Give the tenant a turn of due memberships."""
    work_off("segments", tenant_id)


@shared_task(base=TenantTask, name="segments.tasks.score_tenant")
def score_tenant(tenant_id: int) -> None:
    """Score everybody and rebuild every segment of the tenant, each night."""
    refresh_everything(clock.now())
