"""The way in: which tenant a person who signed in works in."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from tenants import queries
from tenants.choices import TenantStatus
from tenants.models import User


@login_required
@require_GET
def enter(request: HttpRequest) -> HttpResponse:
    """Send a person to their first tenant, or say that nobody let them in yet."""
    memberships = queries.list_memberships(cast("User", request.user).pk)
    if not memberships:
        return render(request, "tenants/no_member.html", {"may_create": settings.SIGNUP_OPEN})
    at_work = [member for member in memberships if member.tenant.status == TenantStatus.ACTIVE]
    slug = (at_work or memberships)[0].tenant.slug
    try:
        return redirect(reverse("analytics:home", args=[slug]))
    except NoReverseMatch:
        return redirect("tenants:api_keys", slug)
