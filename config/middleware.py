"""One log line per request with its id and time; headers that Django's own middleware lacks."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

log = structlog.get_logger(__name__)

QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")
SECRET_PARTS = {"token", "key"}
"""Parts of addresses that let in whoever holds them, by their names in routes."""
UNUSED_FEATURES = (
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES)


class RequestLogMiddleware:
    """Names the request in every log line of its thread, and logs how it ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = self.get_response(request)
            if not request.path.startswith(QUIET_PATHS):
                log.info(
                    "request",
                    method=request.method,
                    path=_without_secrets(request),
                    status=response.status_code,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                )
        response.headers["X-Request-Id"] = request_id
        return response


class HeadersMiddleware:
    """Adds what a browser must not do with an answer, and tells of a proxy that is not declared.

    A view that sets one of these headers itself keeps its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._has_told = settings.BEHIND_PROXY

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self._has_told and "X-Forwarded-Proto" in request.headers:
            self._has_told = True
            log.warning("proxy_not_declared", setting="PATRON_BEHIND_PROXY")
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", _embedders(response))
        return response


def _without_secrets(request: HttpRequest) -> str:
    """Return the path without what lets its bearer in, such as an invitation or a new password."""
    path = request.path
    found = request.resolver_match.kwargs if request.resolver_match else {}
    for name in SECRET_PARTS & found.keys():
        path = path.replace(str(found[name]), "…")
    return path


def _embedders(response: HttpResponseBase) -> str:
    """Return which sites may embed an answer: pictures stand in mails that webmail shows."""
    is_picture = response.headers.get("Content-Type", "").startswith("image/")
    return "cross-origin" if is_picture else "same-origin"
