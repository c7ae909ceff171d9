"""The tenant's own domain for links, and who is behind one."""

from urllib.parse import urlsplit

from django.conf import settings

from kernel.scan import list_tenants_due
from messaging.gates import once
from messaging.models import LinkDomain

_BEHIND = (
    "SELECT tenant_id FROM messaging_linkdomain WHERE domain = %s AND was_live "
    "ORDER BY retired_at DESC NULLS FIRST, id"
)
_POINTED = (
    "SELECT tenant_id FROM messaging_linkdomain "
    "WHERE domain = %s AND findings -> 'owner' ->> 'known' = 'good' "
    "AND findings -> 'alias' ->> 'known' = 'good' ORDER BY id"
)
_LIVE_ELSEWHERE = (
    "SELECT tenant_id FROM messaging_linkdomain WHERE domain = %s AND was_live "
    "AND retired_at IS NULL AND tenant_id::text <> %s ORDER BY id"
)


def find_link_domain() -> LinkDomain | None:
    """Return the domain of the active tenant, or None; one that was removed is none."""
    return LinkDomain.objects.filter(retired_at=None).first()


def list_link_domains() -> tuple[LinkDomain | None, list[LinkDomain]]:
    """Return the domain of the active tenant, and those removed whose links still lead here."""
    rows = list(LinkDomain.objects.order_by("-retired_at", "pk"))
    current = next((row for row in rows if row.retired_at is None), None)
    return current, [row for row in rows if row.retired_at is not None]


def find_link_base() -> str:
    """Return what the addresses begin with that recipients of the active tenant follow.

    The tenant's own domain while it leads here, else the address of the installation; read once for
    a batch of messages.
    """
    return once("link_base", _read_link_base)


def _read_link_base() -> str:
    found = LinkDomain.objects.filter(is_live=True).first()
    return base_of(found.domain) if found is not None else str(settings.PUBLIC_URL)


def base_of(domain: str) -> str:
    """Return a domain as the beginning of an address, reached as the installation is."""
    public = urlsplit(settings.PUBLIC_URL)
    port = f":{public.port}" if public.port else ""
    return f"{public.scheme}://{domain}{port}"


def find_tenant_behind(host: str) -> int | None:
    """Return whose links lead through a host, over all tenants; None for nobody's."""
    return next(iter(list_tenants_due(_BEHIND, [host])), None)


def is_pointed_here(host: str) -> bool:
    """Say whether a host is a tenant's and its record leads here: then it may get a certificate."""
    return bool(list_tenants_due(_POINTED, [host]))


def is_used_elsewhere(host: str, tenant_id: int) -> bool:
    """Say whether the links of another tenant lead through a host."""
    return bool(list_tenants_due(_LIVE_ELSEWHERE, [host, str(tenant_id)]))
