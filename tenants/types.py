"""Types of requests once the tenant is known, and what creating returns once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from tenants.models import ApiKey, Member, Tenant, User


class TenantRequest(HttpRequest):
    """A page request inside ``/t/<slug>/``: signed in, member of the tenant, scope open."""

    tenant: Tenant
    member: Member
    user: User
    htmx: HtmxDetails


class ApiRequest(HttpRequest):
    """A request of the REST API whose key was found; scope open."""

    tenant: Tenant
    api_key: ApiKey


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and, this once, its secret; afterwards only the hash is kept."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant with the two keys it starts with, shown this once."""

    tenant: Tenant
    secret_key: str
    write_key: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Figures that are built anew after a change of the tenant.

    Attributes:
        words: what people read.
        service: import path of a function without arguments; it asks for the work, in the
            scope and the transaction of the change, and does not do it.
    """

    words: str
    service: str


@dataclass(frozen=True, slots=True)
class TenantChange:
    """What follows from changing one field of a tenant (`config.tenant_changes`).

    Attributes:
        rebuilt: what is built anew, in order.
        obstacle: import path of a function that says, in the scope, why the field cannot change;
            empty text means that it can. Empty: nothing forbids it.
    """

    rebuilt: tuple[Rebuilt, ...] = ()
    obstacle: str = ""
