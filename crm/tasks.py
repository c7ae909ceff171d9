"""Tasks of crm."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="crm.tasks.react")
def react(tenant_id: int) -> None:
    """Let handlers see the waiting events of one tenant."""
    work_off("reactions", tenant_id)


@shared_task(base=TenantTask, name="crm.tasks.count_products")
def count_products(tenant_id: int) -> None:
    """Count what the products of one tenant sold."""
    work_off("catalog", tenant_id)


@shared_task(base=TenantTask, name="crm.tasks.abandon_carts")
def abandon_carts(tenant_id: int) -> None:
    """Mark the carts of one tenant that lay for an hour."""
    work_off("carts", tenant_id)


@shared_task(base=TenantTask, name="crm.tasks.find_late_parcels")
def find_late_parcels(tenant_id: int) -> None:
    """Note the parcels of one tenant that are late."""
    work_off("parcels", tenant_id)


@shared_task(base=TenantTask, name="crm.tasks.search_duplicates")
def search_duplicates(tenant_id: int) -> None:
    """Look for profiles of one tenant that may be one shopper."""
    work_off("duplicates", tenant_id)


@shared_task(base=TenantTask, name="crm.tasks.merge_by_rules")
def merge_by_rules(tenant_id: int) -> None:
    """Make one of the profiles of one tenant that its rules call one."""
    work_off("merge_rules", tenant_id)
