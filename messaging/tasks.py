"""Tasks of this app: each says that a tenant has work."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="messaging.tasks.send_due")
def send_due(tenant_id: int) -> None:
    """Send the due messages of one tenant for one turn."""
    work_off("messages", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.work_off_stops")
def work_off_stops(tenant_id: int) -> None:
    """Let go or end what somebody resumed or cancelled, for one turn."""
    work_off("stops", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.wake_waiting")
def wake_waiting(tenant_id: int) -> None:
    """Let what waits for a limit that changed be looked at again, for one turn."""
    work_off("rates", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.check_guard")
def check_guard(tenant_id: int) -> None:
    """Judge how the mails of one tenant fare."""
    work_off("guards", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.apply_callbacks")
def apply_callbacks(tenant_id: int) -> None:
    """Apply for one turn what providers told one tenant."""
    work_off("callbacks", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.check_domains")
def check_domains(tenant_id: int) -> None:
    """Give the tenant a turn of checks of its sending domains."""
    work_off("domains", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.add_up_deliveries")
def add_up_deliveries(tenant_id: int) -> None:
    """Give the tenant a turn of adding up what became of its mails."""
    work_off("deliveries", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.look_after_coupons")
def look_after_coupons(tenant_id: int) -> None:
    """Give the tenant a turn of looking after its coupons."""
    work_off("coupons", tenant_id)


@shared_task(base=TenantTask, name="messaging.tasks.read_mailboxes")
def read_mailboxes(tenant_id: int) -> None:
    """Give the tenant a turn of reading the mailboxes that replies come into."""
    work_off("mailboxes", tenant_id)
