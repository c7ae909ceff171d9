"""Opens the tenant scope for pages (`/t/<slug>/`) and for the REST API (`/api/v1/`)."""

from collections.abc import Callable

import structlog
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from kernel.tenancy import tenant_scope
from tenants.queries import find_api_key, find_membership
from tenants.services.keys import touch_key

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
            return self.get_response(request)
        touch_key(key)
        request.tenant = key.tenant  # type: ignore[attr-defined] # see ApiRequest
        request.api_key = key  # type: ignore[attr-defined] # see ApiRequest
        with (
            structlog.contextvars.bound_contextvars(tenant=key.tenant_id),
            tenant_scope(key.tenant_id),
        ):
            return self.get_response(request)


def _not_found(request: HttpRequest) -> HttpResponse:
    from django.views.defaults import page_not_found  # noqa: PLC0415 the views need loaded apps

    return page_not_found(request, Http404())
