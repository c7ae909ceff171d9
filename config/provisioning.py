"""What every new tenant starts with, installed once and idempotently."""

from django.db import transaction

from flows.services.library import install_flows
from kernel.tenancy import tenant_scope
from loyalty.services.program import ensure_program
from messaging.services.library import install_templates, update_untouched
from messaging.services.limits import ensure_limits
from messaging.services.senders import ensure_default_sender
from segments.services.library import install_core_segments, keep_core_segments
from tenants.models import Tenant


def bring_up_to_date() -> None:
    """Give every tenant what a release renewed of what it started with; runs after `migrate`.

    A repeat changes nothing.
    """
    for tenant_id in list(Tenant.objects.order_by("pk").values_list("pk", flat=True)):
        with tenant_scope(tenant_id), transaction.atomic():
            update_untouched()
            keep_core_segments()
            ensure_limits()


def provision_tenant(tenant_id: int) -> None:
    """Install core segments, templates, sender, points program and the two first flows."""
    with tenant_scope(tenant_id), transaction.atomic():
        install_core_segments()
        ensure_program()
        ensure_default_sender()
        ensure_limits()
        install_templates()
        install_flows()
