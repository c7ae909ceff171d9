"""The web entry: hot edges beside Django, everything else through it."""

import os
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError
from django.utils.module_loading import import_string

from kernel.edges import Edge, serve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

HOT_EDGES = {
    "/webhooks/": "stores.views.edge.receive_webhook",
    "/v1/": "stores.views.tracking.receive_tracking",
    "/patron.js": "stores.views.script.serve_script",
    "/hooks/": "messaging.views.hooks.receive_callback",
    "/forms.js": "messaging.views.signup_script.serve_forms_script",
    "/link-domains/ask": "messaging.views.link_domain_edges.answer_ask",
    "/link-domains/proof": "messaging.views.link_domain_edges.answer_proof",
    "/push.js": "messaging.views.signup_script.serve_push_script",
    "/push-worker.js": "messaging.views.signup_script.serve_push_worker",
}
"""Called by machines many times a second; each is a `kernel.edges.Edge`."""
SELDOM = ("/v1/push/", "/v1/early-access/")
"""Below the address of an edge, but called so seldom that Django answers."""
ANYWHERE = ("/link-domains/",)
"""Answered under any name; everything else is not found under a tenant's link domain."""

django.setup(set_prefix=False)
import_module("config.checks.report").refuse_wrong_settings()  # needs the apps to be there
find_link_tenant = import_string("messaging.services.link_hosts.find_link_tenant")
_edges: tuple[tuple[str, Edge], ...] = tuple(
    (prefix, import_string(path)) for prefix, path in HOT_EDGES.items()
)
_pages = WSGIHandler()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request."""
    path = environ["PATH_INFO"]
    for prefix, edge in _edges:
        if path.startswith(prefix) and not path.startswith(SELDOM):
            if not path.startswith(ANYWHERE) and _is_link_host(environ):
                break  # whose middleware says that there is no such address
            return serve(edge, environ, start_response)
    return _pages(environ, start_response)


def _is_link_host(environ: dict[str, Any]) -> bool:
    """Say whether a request came to a tenant's link domain; while nobody knows, it did not."""
    try:
        return find_link_tenant(environ.get("HTTP_HOST", "")) is not None
    except DatabaseError:
        return False
