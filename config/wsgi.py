"""The web entry: hot edges without middleware, everything else through Django."""

import os
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

HOT_EDGES = ("/webhooks/", "/v1/", "/hooks/")
"""Called by machines many times a second; each authenticates its caller by itself."""


class EdgeHandler(WSGIHandler):
    """Finds the view and calls it; no session, no cookies, no middleware."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 Django's signature
        """Leave out every middleware."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        self._middleware_chain = convert_exception_to_response(
            self._get_response  # type: ignore[attr-defined] # not in the stubs
        )


django.setup(set_prefix=False)
import_module("config.checks.report").refuse_wrong_settings()  # needs the apps to be there
_edges = EdgeHandler()
_pages = WSGIHandler()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request."""
    is_edge = environ["PATH_INFO"].startswith(HOT_EDGES)
    return (_edges if is_edge else _pages)(environ, start_response)
