"""What the pages read on which a flow is tried."""

from collections.abc import Collection

from messaging.models import Template
from tenants.models import Job

BACKTEST = "flows.backtest"
"""Kind of the job that replays a flow."""


def find_backtest(flow_id: int, job_id: int | None = None) -> Job | None:
    """Return a backtest of a flow, or the last one; None where there is none.

    Args:
        flow_id: of the active tenant.
        job_id: which one.
    """
    jobs = Job.objects.filter(kind=BACKTEST, params__flow=flow_id)
    if job_id is not None:
        jobs = jobs.filter(pk=job_id)
    return jobs.order_by("-pk").first()


def find_named_templates(keys: Collection[str]) -> dict[str, Template]:
    """Return templates by key; unknown keys are left out."""
    if not keys:
        return {}
    return {row.key: row for row in Template.objects.filter(key__in=set(keys))}
