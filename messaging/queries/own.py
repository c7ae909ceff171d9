"""The active tenant, read once for a batch of messages."""

from kernel.tenancy import current_tenant_id
from messaging.gates import once
from tenants.models import Tenant
from tenants.queries import get_tenant


def own_tenant() -> Tenant:
    """Return the active tenant."""
    return once("tenant", lambda: get_tenant(current_tenant_id()))
