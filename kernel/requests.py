"""Who a request comes from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

NOBODY = "0.0.0.0"  # noqa: S104 stands for "unknown", nothing is bound to it


def client_ip(request: HttpRequest) -> str:
    """Return the address of the client.

    Behind a proxy (``PATRON_BEHIND_PROXY``) it is the last one in ``X-Forwarded-For``, which the
    proxy wrote itself; what a client puts before it is not believed. Without one the header is
    not read at all.

    Returns:
        An IPv4 or IPv6 address; ``0.0.0.0`` when there is none, such as on a Unix socket.
    """
    found = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        found = request.headers.get("X-Forwarded-For", "").rpartition(",")[2] or found
    try:
        return str(ip_address(found.strip()))
    except ValueError:
        return NOBODY
