"""The floor of `accept`: a WSGI callable that checks a signature and commits one INSERT."""

import base64
import hmac
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

SECRET = os.environ["BENCH_SECRET"].encode()
ADDRESS = os.environ["BENCH_DATABASE"]
TENANT_ID, STORE_ID = int(os.environ["BENCH_TENANT"]), int(os.environ["BENCH_STORE"])
INSERT = b"""
INSERT INTO stores_inboxdelivery (tenant_id, store_id, delivery_id, topic, headers, body)
VALUES (%s, %s, %s, 'orders/create', '{}', %s)
"""
_local = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 200 once the body is committed."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    expected = base64.b64encode(hmac.digest(SECRET, body, "sha256")).decode()
    is_signed = hmac.compare_digest(expected, environ["HTTP_X_SHOPIFY_HMAC_SHA256"])
    if is_signed:
        values = (TENANT_ID, STORE_ID, environ["HTTP_X_SHOPIFY_WEBHOOK_ID"], body)
        _connection().execute(INSERT, values, prepare=True)
    start_response("200 OK" if is_signed else "401 Unauthorized", [("Content-Length", "0")])
    return [b""]


def _connection() -> "psycopg.Connection[Any]":
    found: psycopg.Connection[Any] | None = getattr(_local, "connection", None)
    if found is None:
        found = _local.connection = psycopg.connect(ADDRESS, autocommit=True)
    return found
