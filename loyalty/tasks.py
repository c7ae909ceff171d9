"""Doorbells of this app."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="loyalty.tasks.work_off_lots")
def work_off_lots(tenant_id: int) -> None:
    """Do what is due to the points of one tenant."""
    work_off("points", tenant_id)


@shared_task(base=TenantTask, name="loyalty.tasks.work_off_tiers")
def work_off_tiers(tenant_id: int) -> None:
    """Decide the tiers of one tenant that are due."""
    work_off("tiers", tenant_id)
