"""Doorbells of this app."""

from typing import Final

from celery import shared_task

from kernel.tasks import TenantTask
from kernel.work import work_off

LONGEST: Final = 570
"""Seconds for everybody's memberships, scores and figures: less than the broker's patience with a
task, and more than a definition may take before it is stopped, so that the others get a turn."""


@shared_task(
    base=TenantTask,
    name="segments.tasks.reevaluate_due",
    soft_time_limit=LONGEST - 30,
    time_limit=LONGEST,
)
def reevaluate_due(tenant_id: int) -> None:
    """Give the tenant a turn of due memberships."""
    work_off("segments", tenant_id)


@shared_task(base=TenantTask, name="segments.tasks.decide_buyers")
def decide_buyers(tenant_id: int) -> None:
    """Give the tenant a turn of those who bought products that changed."""
    work_off("goods", tenant_id)
