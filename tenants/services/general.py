"""What a merchant's account is called and where it is: name, country, zone, currency, week."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from kernel.errors import Invalid
from kernel.scope import current_tenant_id
from tenants.domain.rules import currency_problem, zone_problem
from tenants.models import Tenant
from tenants.services import audit
from tenants.types import TenantChange

FIELDS = ("name", "country", "timezone", "currency", "week_start", "holdout")
MOST_HOLDOUT = 20
"""Per cent that can be held out of all flows and campaigns."""


@dataclass(frozen=True, slots=True)
class GeneralData:
    """What the account is told to be.

    Attributes:
        country: ISO 3166-1 alpha-2, or empty.
        timezone: IANA name.
        currency: ISO 4217, upper case.
        week_start: ISO day, 1 to 7.
        holdout: per cent of everybody who get nothing of flows and campaigns, 0 to `MOST_HOLDOUT`.
    """

    name: str
    country: str
    timezone: str
    currency: str
    week_start: int
    holdout: int = 0


@transaction.atomic
def update_general(data: GeneralData, *, actor: str) -> list[str]:
    """Change the account of the active tenant, and ask for everything to be built anew by it.

    Args:
        data: all of it; what is as before changes nothing.
        actor: e-mail address of the member.

    Returns:
        Names of the fields that changed.

    Raises:
        Invalid: a value breaks a rule, or something forbids the change; ``fields`` says which.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    before, after = _changed(tenant, data)
    _check(data, after)
    if not after:
        return []
    Tenant.objects.filter(pk=tenant.pk).update(**after)
    audit.record("tenant.changed", "tenant", tenant.pk, before=before, after=after, actor=actor)
    for field in after:
        for rebuilt in _change(field).rebuilt:
            import_string(rebuilt.service)()
    return list(after)


def find_obstacle(field: str) -> str:
    """Return why a field of the active tenant cannot change; empty when it can."""
    path = _change(field).obstacle
    return str(import_string(path)()) if path else ""


def list_rebuilt(field: str) -> list[str]:
    """Return what is built anew when a field changes, in words."""
    return [rebuilt.words for rebuilt in _change(field).rebuilt]


def _changed(tenant: Tenant, data: GeneralData) -> tuple[dict[str, Any], dict[str, Any]]:
    now = {field: getattr(tenant, field) for field in FIELDS}
    wanted = {field: getattr(data, field) for field in FIELDS}
    wanted["name"] = " ".join(data.name.split())
    names = [field for field in FIELDS if now[field] != wanted[field]]
    return {name: now[name] for name in names}, {name: wanted[name] for name in names}


def _check(data: GeneralData, after: dict[str, Any]) -> None:
    problems = {
        "name": "" if data.name.strip() else "Give the shop a name.",
        "currency": currency_problem(data.currency),
        "timezone": zone_problem(data.timezone),
        "holdout": (
            "" if data.holdout in range(MOST_HOLDOUT + 1) else f"Say 0 to {MOST_HOLDOUT} per cent."
        ),
    }
    for field in after:
        problems[field] = problems.get(field) or find_obstacle(field)
    fields = {name: text for name, text in problems.items() if text}
    if fields:
        raise Invalid(" ".join(fields.values()), fields=fields)


def _change(field: str) -> TenantChange:
    changes: dict[str, TenantChange] = import_string(settings.TENANT_CHANGES)
    return changes.get(field, TenantChange())
