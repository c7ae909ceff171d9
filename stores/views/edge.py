"""The webhook edge: verify, file, acknowledge. Nothing is parsed and nothing slow happens here.

Runs without Django's middleware (`config/wsgi.py`) and outside any request transaction; the one
INSERT commits by itself before the answer.
"""

from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import BadRequest
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from kernel.postgres.edge import EdgeUnavailable
from stores.choices import Refusal
from stores.errors import TooLarge
from stores.platforms import PLATFORMS
from stores.services.connections import find_connection
from stores.services.filing import count_refusal, file_delivery
from stores.types import EdgeConnection

log = structlog.get_logger(__name__)

MAX_BODY = 5 * 1024 * 1024
MAX_POURED = 4 * MAX_BODY
CHUNK = 64 * 1024
RETRY_SECONDS = "5"


@csrf_exempt
@transaction.non_atomic_requests
def receive_webhook(request: HttpRequest, platform: str, token: str) -> HttpResponse:
    """Answer 200 once the delivery is committed, and say what is wrong otherwise."""
    if request.method != "POST":
        return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
    try:
        connection = find_connection(platform, token) if platform in PLATFORMS else None
        if connection is None:
            return HttpResponse(status=HTTPStatus.NOT_FOUND)
        return HttpResponse(status=_receive(request, connection))
    except (EdgeUnavailable, OperationalError, InterfaceError):
        return HttpResponse(
            status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": RETRY_SECONDS}
        )


def _receive(request: HttpRequest, connection: EdgeConnection) -> HTTPStatus:
    try:
        body = _read_body(request)
    except TooLarge:
        log.warning("webhook_too_large", tenant=connection.tenant_id, store=connection.store_id)
        count_refusal(connection, Refusal.TOO_LARGE)
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    platform = PLATFORMS[connection.platform]
    head = platform.read_head(request.headers)
    if not any(platform.is_signed(secret, body, head.signature) for secret in connection.secrets):
        log.warning(
            "webhook_signature_refused", tenant=connection.tenant_id, store=connection.store_id
        )
        count_refusal(connection, Refusal.SIGNATURE)
        return HTTPStatus.UNAUTHORIZED
    file_delivery(connection, head, body)
    return HTTPStatus.OK


def _read_body(request: HttpRequest) -> bytes:
    """Read at most the limit.

    Raises:
        TooLarge: more was announced, or came.
        BadRequest: the sender broke off.
    """
    announced = request.META.get("CONTENT_LENGTH") or ""
    stream = request if announced else request.META.get("wsgi.input", request)
    try:
        if announced.isdecimal() and int(announced) > MAX_BODY:
            _pour_away(stream)
            raise TooLarge
        body: bytes = stream.read(MAX_BODY + 1)
    except OSError as exc:
        raise BadRequest("the body broke off") from exc
    if len(body) > MAX_BODY:
        raise TooLarge
    return body


def _pour_away(stream: Any) -> None:
    """Read on without keeping: most senders hear the answer only once they have sent it all."""
    left = MAX_POURED
    while left > 0 and (chunk := stream.read(CHUNK)):
        left -= len(chunk)
