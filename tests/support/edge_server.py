"""The web entry on a port of its own, for clients that speak HTTP by themselves."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.db import connections

from config.wsgi import application
from kernel.embedded.ports import LOOPBACK
from tests.support.serving import answering


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection, and leave no connection to the database behind."""
        super().process_request_thread(request, client_address)
        connections.close_all()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name in the base
        """Say nothing."""


@contextmanager
def edge_server() -> Iterator[str]:
    """Serve inside the block; yields the address, such as ``http://127.0.0.1:40123``."""
    server = make_server(LOOPBACK, 0, application, server_class=_Server, handler_class=_Quiet)
    with answering(server):
        yield f"http://{LOOPBACK}:{server.server_port}"
