"""The web entry: hot edges beside Django, everything else through it."""

import os
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.utils.module_loading import import_string

from kernel.edges import Edge, serve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

HOT_EDGES = {
    "/webhooks/": "stores.views.edge.receive_webhook",
    "/v1/": "stores.views.tracking.receive_tracking",
    "/patron.js": "stores.views.script.serve_script",
}
"""Called by machines many times a second; each is a `kernel.edges.Edge`."""
BARE_VIEWS = ("/hooks/",)
"""Django views that machines call; each authenticates its caller by itself, without middleware."""


class BareHandler(WSGIHandler):
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
_edges: tuple[tuple[str, Edge], ...] = tuple(
    (prefix, import_string(path)) for prefix, path in HOT_EDGES.items()
)
_bare = BareHandler()
_pages = WSGIHandler()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request."""
    path = environ["PATH_INFO"]
    for prefix, edge in _edges:
        if path.startswith(prefix):
            return serve(edge, environ, start_response)
    return (_bare if path.startswith(BARE_VIEWS) else _pages)(environ, start_response)
