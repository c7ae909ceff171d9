"""What the public pages have in common: who asks, and that nobody keeps the answer."""

from django.http import HttpRequest

from kernel import clock
from kernel.requests import NOBODY, client_ip
from messaging.types import Hit

PRIVATE = {"Cache-Control": "no-store, private", "X-Robots-Tag": "noindex, nofollow"}


def read_hit(request: HttpRequest) -> Hit:
    """Return what a request tells of whoever makes it."""
    purposes = [request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz")]
    return Hit(
        method=request.method or "",
        user_agent=request.headers.get("User-Agent", ""),
        ip=_ip(request),
        is_prefetch=any("prefetch" in purpose.lower() for purpose in purposes),
        at=clock.now(),
    )


def _ip(request: HttpRequest) -> str | None:
    found = client_ip(request)
    return None if found == NOBODY else found
