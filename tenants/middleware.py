"""Opens the tenant scope for pages (`/t/<slug>/`) and for the REST API (`/api/v1/`)."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from kernel.tenancy import tenant_scope
from tenants.choices import TenantStatus
from tenants.domain.capabilities import MANAGE_TENANT, may
from tenants.models import Member, Tenant, User
from tenants.queries import (
    find_api_key,
    find_former_membership,
    find_membership,
    has_two_step,
    is_key_of_suspended,
    list_memberships,
    list_owner_emails,
)
from tenants.services.audit import acting_as
from tenants.services.keys import touch_key
from tenants.services.sessions import touch_session
from tenants.types import TenantRequest

PAGE_PREFIX = "/t/"
API_PREFIX = "/api/v1/"

Handler = Callable[[HttpRequest], HttpResponseBase]


class TenantMiddleware:
    """Finds tenant and member of a page by the slug in its address.

    Somebody who is no member gets the same 404 as for a tenant that does not exist, unless they
    were one: the pages they have open then say what happened. A part of a page that may not be
    answered has the whole page loaded anew, which tells more than an empty part.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PAGE_PREFIX):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return _to_login(request)
        slug = request.path_info.removeprefix(PAGE_PREFIX).split("/", 1)[0]
        member = find_membership(user_id=request.user.pk, slug=slug)
        if member is None:
            return _not_found(request, slug)
        if _lacks_two_step(member.tenant, request.user.pk):
            return _whole_page(request, _ask_for_two_step(request, member))
        return self._enter(request, member)

    def _enter(self, request: HttpRequest, member: Member) -> HttpResponseBase:
        request.tenant = member.tenant  # type: ignore[attr-defined] # see TenantRequest
        request.member = member  # type: ignore[attr-defined] # see TenantRequest
        with (
            structlog.contextvars.bound_contextvars(tenant=member.tenant_id),
            tenant_scope(member.tenant_id),
            acting_as(cast("User", request.user).email),
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
            acting_as(f"key:{key.hint}"),
        ):
            return self.get_response(request)


class LastSeenMiddleware:
    """Remembers now and then when and from where a session was used last."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.session.session_key and request.user.is_authenticated:
            touch_session(request)
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


def _lacks_two_step(tenant: Tenant, user_id: int) -> bool:
    return tenant.requires_two_step and not has_two_step(user_id)


def _ask_for_two_step(request: HttpRequest, member: Member) -> HttpResponse:
    context = {"tenant": member.tenant}
    return render(request, "tenants/two_step_needed.html", context, status=403)


def _not_found(request: HttpRequest, slug: str) -> HttpResponse:
    from django.views.defaults import page_not_found  # noqa: PLC0415 the views need loaded apps

    former = find_former_membership(user_id=cast("User", request.user).pk, slug=slug)
    if former is None:
        return _whole_page(request, page_not_found(request, Http404()))
    context = {"former": former, "tenant": former.tenant}
    return _whole_page(request, render(request, "tenants/removed.html", context, status=404))


def _to_login(request: HttpRequest) -> HttpResponse:
    if not _is_part(request):
        return redirect_to_login(request.get_full_path())
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    back = here.path + (f"?{here.query}" if here.query else "")
    response = HttpResponse(status=401)
    response.headers["HX-Redirect"] = redirect_to_login(back or "/").url
    return response


def _whole_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if _is_part(request):
        response.headers["HX-Refresh"] = "true"
    return response


def _is_part(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
