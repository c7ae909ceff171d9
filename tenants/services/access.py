"""Capability checks for page views."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from tenants.domain.capabilities import may
from tenants.types import TenantRequest

P = ParamSpec("P")


def requires(
    capability: str, *, when_suspended: bool = False
) -> Callable[
    [Callable[Concatenate[TenantRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Let only members whose role has ``capability`` into a page view; others get 403.

    The view loses its ``slug`` argument: the tenant is on the request.

    Args:
        capability: a word of `tenants.domain.capabilities`.
        when_suspended: whether the page also opens while the tenant is suspended.
    """

    def decorate(
        view: Callable[Concatenate[TenantRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            kwargs.pop("slug", None)
            page = cast("TenantRequest", request)
            if not may(page.member.role, capability):
                raise PermissionDenied(capability)
            return view(page, *args, **kwargs)

        checked.capability = capability  # type: ignore[attr-defined] # read by the matrix test
        checked.is_open_when_suspended = when_suspended  # type: ignore[attr-defined] # by middleware
        return checked  # type: ignore[return-value] # the slug in the address is dropped

    return decorate
