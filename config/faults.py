"""Answers while PostgreSQL cannot be reached: 503 and when to come again, said once in the log.

Django turns an exception into an answer at every middleware, so nothing around them could catch
it: the one place that all of them come to is `handler500`, which this module is.
"""

import sys
import time
from threading import Lock

import structlog
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from config.api.errors import plain_problem, unforeseen_problem
from config.outages import is_outage
from kernel.edges import RETRY_SECONDS
from tenants.middleware import API_PREFIX

log = structlog.get_logger(__name__)

SAID_EVERY_SECONDS = 60.0


class _Said:
    """When the log last heard of it, and how many requests were refused since."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at: float | None = None
        self._refused = 0

    def note(self, error: str) -> None:
        """Write one line for the first refusal of a while, with the number of those before."""
        with self._lock:
            now = time.monotonic()
            if self._at is not None and now - self._at < SAID_EVERY_SECONDS:
                self._refused += 1
                return
            refused, self._at, self._refused = self._refused, now, 0
        log.error("database_unreachable", error=error, refused_since_last=refused)

    def forget(self) -> None:
        """Begin anew."""
        self._at, self._refused = None, 0


SAID = _Said()


def answer_fault(request: HttpRequest) -> HttpResponse:
    """Answer what nobody caught: 503 while the database is away, else 500.

    Who does not read pages, such as a program or a part of a page, gets problem JSON.
    """
    fault = sys.exc_info()[1]
    is_api = request.path_info.startswith(API_PREFIX)
    if not is_outage(fault):
        return unforeseen_problem(request) if is_api else server_error(request)
    SAID.note(str(fault).partition("\n")[0])
    is_read = "text/html" in request.headers.get("Accept", "") and not is_api
    answer = _page(request) if is_read else _problem()
    answer.headers["Retry-After"] = RETRY_SECONDS
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _problem() -> HttpResponse:
    return plain_problem(
        503,
        "unavailable",
        f"The database cannot be reached. Repeat the call in {RETRY_SECONDS} seconds, a POST with "
        "the same Idempotency-Key.",
    )


def _page(request: HttpRequest) -> HttpResponse:
    """Return the page, which asks the database for nothing, not even for who is looking."""
    context = {"again": request.get_full_path() if request.method == "GET" else ""}
    return HttpResponse(render_to_string("503.html", context), status=503)
