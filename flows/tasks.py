"""Tasks of this app: each says that a tenant has work."""

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off


@shared_task(base=TenantTask, name="flows.tasks.advance_due")
def advance_due(tenant_id: int) -> None:
    """Advance the due runs of one tenant for one turn."""
    work_off("flows", tenant_id)


@shared_task(base=TenantTask, name="flows.tasks.run_campaigns")
def run_campaigns(tenant_id: int) -> None:
    """Take the due campaigns of one tenant further for one turn."""
    work_off("campaigns", tenant_id)


@shared_task(base=TenantTask, name="flows.tasks.scan_dates")
def scan_dates(tenant_id: int) -> None:
    """Place people of one tenant in flows whose date comes round, for one turn."""
    work_off("dates", tenant_id)


@shared_task(base=TenantTask, name="flows.tasks.start_wanted")
def start_wanted(tenant_id: int) -> None:
    """Tell people of one tenant of what they wanted and what changed, for one turn."""
    work_off("wanted", tenant_id)


@shared_task(base=TenantTask, name="flows.tasks.tell_access")
def tell_access(tenant_id: int) -> None:
    """Tell people of one tenant what opens to them before all others, for one turn."""
    work_off("access", tenant_id)


@shared_task(base=TenantTask, name="flows.tasks.measure_ab_tests")
def measure_ab_tests(tenant_id: int) -> None:
    """Measure the A/B splits of one tenant that are due, for one turn."""
    work_off("ab_tests", tenant_id)
