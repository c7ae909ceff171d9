"""Under a tenant's own link domain: what its recipients follow, and nothing else."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotFound
from django.urls import Resolver404, resolve

from messaging.domain.short_codes import tenant_of
from messaging.errors import TokenInvalid
from messaging.services import tokens
from messaging.services.link_hosts import find_link_tenant

_READERS: dict[str, Callable[[dict[str, Any]], int | None]] = {
    "unsubscribe": lambda named: tokens.read_recipient_token(named["token"]).tenant_id,
    "preferences": lambda named: tokens.read_recipient_token(named["token"]).tenant_id,
    "rate": lambda named: tokens.read_recipient_token(named["token"]).tenant_id,
    "give_back": lambda named: tokens.read_recipient_token(named["token"]).tenant_id,
    "brand_theme": lambda named: tokens.read_recipient_token(named["token"]).tenant_id,
    "open_pixel": lambda named: tokens.read_link_token(named["token"]).tenant_id,
    "follow_link": lambda named: tokens.read_link_token(named["token"]).tenant_id,
    "confirm_subscription": lambda named: tokens.read_confirm_token(named["token"]).tenant_id,
    "copy_data": lambda named: tokens.read_copy_token(named["token"]).tenant_id,
    "short_link": lambda named: tenant_of(named["code"]),
    "brand_picture": lambda named: int(named["tenant_id"]),
}
"""The routes that exist there, and whose each address is."""
LINK_ROUTES = tuple(_READERS)
"""Their names; the proxy lets the same through under such a domain."""
_ANYBODYS = frozenset({"link_domain_ask", "link_domain_proof"})
"""Routes that are the same under every name."""


class LinkHostMiddleware:
    """Lets a tenant's link domain in, for the addresses of its own recipients alone.

    `ALLOWED_HOSTS` knows no such name. No page of a member, no log-in and no address of another
    tenant is found there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = request.META.get("HTTP_HOST", "")
        tenant_id = find_link_tenant(host)
        if tenant_id is not None:
            if not _is_answered(request, tenant_id):
                return HttpResponseNotFound("There is nothing here.", content_type="text/plain")
            request.get_host = lambda: host  # type: ignore[method-assign] # looked up, so it is known
        return self.get_response(request)


def _is_answered(request: HttpRequest, tenant_id: int) -> bool:
    """Say whether an address is one of a tenant's recipients, or what their pages are made of."""
    path = request.path_info
    if path.startswith(settings.STATIC_URL):
        return True
    try:
        match = resolve(path)
    except Resolver404:
        return False
    request.resolver_match = match  # by which the log leaves out what lets its bearer in
    name = "" if match.namespaces else match.url_name or ""
    if name in _ANYBODYS:
        return True
    try:
        return name in _READERS and _READERS[name](match.kwargs) == tenant_id
    except TokenInvalid:
        return False
