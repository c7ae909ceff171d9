"""Tasks of imports."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="imports.tasks.sweep_imports")
def sweep_imports(tenant_id: int) -> None:
    """Delete the files and rows of one tenant whose time is over."""
    work_off("imports", tenant_id)


@shared_task(base=TenantTask, name="imports.tasks.fetch_moves")
def fetch_moves(tenant_id: int) -> None:
    """Fetch what one tenant brings from another tool."""
    work_off("moves", tenant_id)
