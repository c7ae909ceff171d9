"""Base of every task: its first argument is the tenant, whose scope it opens."""

from typing import Any

import structlog
from celery import Task

from kernel.scope import tenant_scope


class TenantTask(Task):  # type: ignore[type-arg] # generic only in the stubs
    """Opens the tenant's scope and names tenant and task in every log line."""

    abstract = True

    def __call__(self, tenant_id: int, *args: Any, **kwargs: Any) -> Any:
        with (
            structlog.contextvars.bound_contextvars(
                tenant=tenant_id, task=self.name, task_id=self.request.id
            ),
            tenant_scope(tenant_id),
        ):
            return super().__call__(tenant_id, *args, **kwargs)
