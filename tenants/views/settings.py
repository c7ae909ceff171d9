"""The settings: the way to the first of them."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from tenants import queries
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_GET
def settings(request: TenantRequest) -> HttpResponse:
    """Lead to the first page of the settings that the member may see."""
    return redirect(queries.list_settings_links(request.tenant.slug, request.member.role)[0].url)
