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
