"""What every call of the REST API gets: one form of address, limits, repeats, plain errors."""

from collections.abc import Callable

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponseBase

from config.api.errors import plain_problem, unforeseen_problem
from config.api.idempotency import answer_once
from config.outages import is_outage
from tenants.choices import KeyKind
from tenants.middleware import API_PREFIX
from tenants.models import ApiKey

log = structlog.get_logger(__name__)

UPLOADS = {f"{API_PREFIX}assets/": 11 * 1024 * 1024}
"""Addresses that take a file, and the most bytes of a body there: the file and its form."""

Handler = Callable[[HttpRequest], HttpResponseBase]


class ApiMiddleware:
    """Stands behind the middleware that found the key and opened the tenant's scope."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(API_PREFIX):
            return self.get_response(request)
        if not request.path_info.endswith("/"):
            request.path_info += "/"
        if (refusal := _read_body(request)) is not None:
            return refusal
        response = self._answer(request)
        for name, value in getattr(request, "rate_headers", {}).items():
            response.headers[name] = value
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer an error that nobody foresaw; the log has the trace, the caller the id."""
        if not request.path_info.startswith(API_PREFIX) or is_outage(exception):
            return None
        log.error("api_error", path=request.path, exc_info=exception)
        return unforeseen_problem(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key", "")
        caller: ApiKey | None = getattr(request, "api_key", None)
        if request.method == "POST" and key and caller and caller.kind == KeyKind.SECRET:
            return answer_once(request, key, self.get_response, caller.pk)
        return self.get_response(request)


def _read_body(request: HttpRequest) -> HttpResponseBase | None:
    """Read the body once, for the digest of repeats and for the view; return a refusal, or None."""
    if request.path_info in UPLOADS and hasattr(request, "api_key"):
        body = request.read(UPLOADS[request.path_info] + 1)
        if len(body) > UPLOADS[request.path_info]:
            return plain_problem(413, "body_too_large", "A picture may have up to 10 MB.")
        request._body = body  # noqa: SLF001 where Django keeps what was read
        return None
    try:
        len(request.body)
    except RequestDataTooBig:
        return plain_problem(413, "body_too_large", "A body may have up to 6 MB.")
    return None
