"""The webhook edge: verify, file, acknowledge. Nothing is parsed and nothing slow happens here.

A hot edge (`kernel/edges.py`): no middleware and no request transaction. The delivery is committed
before the answer, in one transaction with others of its tenant that came meanwhile.
"""

import json
import re
from http import HTTPStatus
from urllib.parse import parse_qs

import structlog

from kernel.edges import BodyTooLarge, EdgeAnswer, EdgeRequest
from stores.choices import Refusal
from stores.platforms import CHALLENGED, PLATFORMS
from stores.services.connections import find_connection, renew_connection
from stores.services.filing import count_refusal, file_delivery
from stores.types import DeliveryHead, EdgeConnection

log = structlog.get_logger(__name__)

MAX_BODY = 5 * 1024 * 1024
PATH_PARTS = 5
PLACE = 2
"""Where the platform stands in the path."""
CHALLENGE = re.compile(r"[\w-]{1,200}")


def receive_webhook(request: EdgeRequest) -> EdgeAnswer:
    """Answer 200 once the delivery is committed, and say what is wrong otherwise."""
    parts = request.path.split("/")  # /webhooks/{platform}/{token}/
    is_challenge = request.method == "GET" and len(parts) > PLACE and parts[PLACE] in CHALLENGED
    if request.method != "POST" and not is_challenge:
        return EdgeAnswer(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "POST"),))
    if len(parts) != PATH_PARTS or parts[-1] or parts[PLACE] not in PLATFORMS:
        return EdgeAnswer(HTTPStatus.NOT_FOUND)
    platform, token = parts[2:4]
    connection = find_connection(platform, token)
    if connection is None:
        return EdgeAnswer(HTTPStatus.NOT_FOUND)
    if is_challenge:
        return _answer_challenge(request)
    return EdgeAnswer(_receive(request, connection, token))


def _answer_challenge(request: EdgeRequest) -> EdgeAnswer:
    """Give a word back, by which Adobe knows that its events are wanted here."""
    asked = parse_qs(str(request.environ.get("QUERY_STRING", "")))
    word = asked.get("challenge", [""])[0]
    if not CHALLENGE.fullmatch(word):
        return EdgeAnswer(HTTPStatus.BAD_REQUEST)
    body = json.dumps({"challenge": word}).encode()
    return EdgeAnswer(HTTPStatus.OK, (("Content-Type", "application/json"),), body)


def _receive(request: EdgeRequest, connection: EdgeConnection, token: str) -> HTTPStatus:
    try:
        body = request.read_body(MAX_BODY)
    except BodyTooLarge:
        log.warning("webhook_too_large", tenant=connection.tenant_id, store=connection.store_id)
        count_refusal(connection, Refusal.TOO_LARGE)
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    head = PLATFORMS[connection.platform].read_head(request.headers, body)
    if not _is_signed(connection, head, body):
        renewed = renew_connection(connection.platform, token)
        if renewed is None or not _is_signed(renewed, head, body):
            log.warning(
                "webhook_signature_refused", tenant=connection.tenant_id, store=connection.store_id
            )
            count_refusal(connection, Refusal.SIGNATURE)
            return HTTPStatus.UNAUTHORIZED
    file_delivery(connection, head, body)
    return HTTPStatus.OK


def _is_signed(connection: EdgeConnection, head: DeliveryHead, body: bytes) -> bool:
    is_signed = PLATFORMS[connection.platform].is_signed
    return any(is_signed(secret, body, head) for secret in connection.secrets)
