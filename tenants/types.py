"""Types of requests once the tenant is known."""

from django.http import HttpRequest
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
