"""Opens the tenant scope for pages (`/t/<slug>/`) and for the REST API (`/api/v1/`)."""

from collections.abc import Callable
from typing import Any, cast

import structlog
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from kernel.tenancy import tenant_scope
from tenants.choices import TenantStatus
from tenants.domain.capabilities import MANAGE_TENANT, may
from tenants.queries import (
    find_api_key,
    find_membership,
    is_key_of_suspended,
    list_memberships,
    list_owner_emails,
)
from tenants.services.keys import touch_key
from tenants.types import TenantRequest

PAGE_PREFIX = "/t/"
API_PREFIX = "/api/v1/"

Handler = Callable[[HttpRequest], HttpResponseBase]


class TenantMiddleware:
    """Finds tenant and member of a page by the slug in its address.

    Somebody who is no member gets the same 404 as for a tenant that does not exist.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PAGE_PREFIX):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        slug = request.path_info.removeprefix(PAGE_PREFIX).split("/", 1)[0]
        member = find_membership(user_id=request.user.pk, slug=slug)
        if member is None:
            return _not_found(request)
        request.tenant = member.tenant  # type: ignore[attr-defined] # see TenantRequest
        request.member = member  # type: ignore[attr-defined] # see TenantRequest
        with (
            structlog.contextvars.bound_contextvars(tenant=member.tenant_id),
            tenant_scope(member.tenant_id),
        ):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Show one page instead of all others while the tenant is suspended or being deleted."""
        tenant = getattr(request, "tenant", None)
        if tenant is None or not request.path_info.startswith(PAGE_PREFIX):
            return None
        if tenant.status == TenantStatus.ACTIVE or getattr(view, "is_open_when_suspended", False):
            return None
        return _suspended(request)


class ApiKeyMiddleware:
    """Finds the tenant of an API call by its key; whether one is needed the view says."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if not request.path_info.startswith(API_PREFIX) or scheme.lower() != "bearer":
            return self.get_response(request)
        key = find_api_key(secret.strip())
        if key is None:
            request.is_suspended = is_key_of_suspended(secret.strip())  # type: ignore[attr-defined] # read by ApiKeyAuthentication
            return self.get_response(request)
        touch_key(key)
        request.tenant = key.tenant  # type: ignore[attr-defined] # see ApiRequest
        request.api_key = key  # type: ignore[attr-defined] # see ApiRequest
        with (
            structlog.contextvars.bound_contextvars(tenant=key.tenant_id),
            tenant_scope(key.tenant_id),
        ):
            return self.get_response(request)


def _suspended(request: HttpRequest) -> HttpResponse:
    page = cast("TenantRequest", request)
    others = [
        member.tenant
        for member in list_memberships(page.user.pk)
        if member.tenant.status == TenantStatus.ACTIVE
    ]
    context = {
        "shop": page.tenant,
        "may_decide": may(page.member.role, MANAGE_TENANT),
        "owners": list_owner_emails(page.tenant.pk),
        "others": others,
    }
    return render(request, "tenants/suspended.html", context, status=403)


def _not_found(request: HttpRequest) -> HttpResponse:
    from django.views.defaults import page_not_found  # noqa: PLC0415 the views need loaded apps

    return page_not_found(request, Http404())
