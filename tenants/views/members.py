"""Members of a tenant."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenants import queries
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def members(request: TenantRequest) -> HttpResponse:
    """List who may sign in and what their role lets them do."""
    people = queries.list_members(request.tenant.pk)
    matrix = [
        (role, sorted(allowed, key=list(capabilities.WORDS).index))
        for role, allowed in capabilities.MATRIX.items()
    ]
    rows = [(role, [capabilities.WORDS[name] for name in allowed]) for role, allowed in matrix]
    context = {"members": people, "roles": rows}
    return render(request, "tenants/members.html", context)
