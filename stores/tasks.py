"""Doorbells of this app."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="stores.tasks.drain_inbox")
def drain_inbox(tenant_id: int) -> None:
    """Work off the tenant's waiting deliveries."""
    work_off("inbox", tenant_id)


@shared_task(base=TenantTask, name="stores.tasks.drain_fetches")
def drain_fetches(tenant_id: int) -> None:
    """Fetch what the tenant's waiting deliveries name."""
    work_off("fetch", tenant_id)


@shared_task(base=TenantTask, name="stores.tasks.drain_syncs")
def drain_syncs(tenant_id: int) -> None:
    """Work on the tenant's pulls."""
    work_off("sync", tenant_id)


@shared_task(base=TenantTask, name="stores.tasks.drain_registrations")
def drain_registrations(tenant_id: int) -> None:
    """Register the webhooks of the tenant's stores, and take away those of stores cut off."""
    work_off("registrations", tenant_id)
