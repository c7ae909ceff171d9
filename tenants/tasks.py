"""Doorbells of this app."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="tenants.tasks.run_jobs")
def run_jobs(tenant_id: int) -> None:
    """Give the tenant's background jobs a turn."""
    work_off("jobs", tenant_id)


@shared_task(base=TenantTask, name="tenants.tasks.sweep_answers")
def sweep_answers(tenant_id: int) -> None:
    """Delete the kept answers of one tenant whose day is over."""
    work_off("answers", tenant_id)
