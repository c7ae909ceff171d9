"""One log line per request, with its id and time."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

log = structlog.get_logger(__name__)

QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")


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
                    path=request.path,
                    status=response.status_code,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                )
        response.headers["X-Request-Id"] = request_id
        return response
