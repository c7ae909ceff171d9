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


@shared_task(base=TenantTask, name="stores.tasks.drain_writes")
def drain_writes(tenant_id: int) -> None:
    """Write what waits for the tenant's stores."""
    work_off("writes", tenant_id)


@shared_task(base=TenantTask, name="stores.tasks.drain_audits")
def drain_audits(tenant_id: int) -> None:
    """Compare the tenant's orders with those of its shops."""
    work_off("audit", tenant_id)


@shared_task(base=TenantTask, name="stores.tasks.prune_calls")
def prune_calls(tenant_id: int) -> None:
    """Forget the tenant's calls of sites that were applied long ago."""
    work_off("prune", tenant_id)


@shared_task(base=TenantTask, name="stores.tasks.forget_people")
def forget_people(tenant_id: int) -> None:
    """Look through the tenant's raw deliveries for people who were erased."""
    work_off("forget", tenant_id)


@shared_task(base=TenantTask, name="stores.tasks.drain_outgoing")
def drain_outgoing(tenant_id: int) -> None:
    """Post what waits for the endpoints of the tenant."""
    work_off("outgoing", tenant_id)
