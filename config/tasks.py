"""Timetable tasks, which only fan out, and the doorbell of the purge; rows say what is due."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import sweep, work_off


@shared_task(name="config.tasks.sweep_work", ignore_result=True)
def sweep_work() -> None:
    """Ring for every tenant with due work."""
    sweep()


@shared_task(base=TenantTask, name="config.tasks.purge_tenant")
def purge_tenant(tenant_id: int) -> None:
    """Give a tenant whose time of grace is over a turn of its removal."""
    work_off("purge", tenant_id)
