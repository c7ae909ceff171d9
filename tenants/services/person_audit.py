"""Log-ins and what protects them, written down in every tenant that the person belongs to."""

from typing import Any

from django.db import transaction

from kernel.tenancy import tenant_scope
from tenants.models import Member, User
from tenants.services import audit


@transaction.atomic
def record_for_person(
    user: User,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    actor: str = "",
) -> None:
    """Record something a person did to their own account, in each of their tenants.

    Row-level security binds a statement to one tenant, so it takes one INSERT for each of them.

    Args:
        user: whose account.
        action: of `tenants.domain.actions`.
        before: as in `audit.record`.
        after: as in `audit.record`.
        actor: empty is the person.
    """
    tenant_ids = Member.objects.filter(user=user).order_by("tenant_id")
    for tenant_id in tenant_ids.values_list("tenant_id", flat=True):
        with tenant_scope(tenant_id):
            audit.record(
                action, "person", user.pk, before=before, after=after, actor=actor or user.email
            )


def record_failed_login(email: str, *, ip: str) -> None:
    """Record a wrong password; an address that nobody has leaves nothing."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is not None:
        record_for_person(user, "login.failed", after={"ip": ip})
