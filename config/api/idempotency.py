"""``Idempotency-Key``: a repeated POST gets the first one's answer and does nothing again.

The claim is committed before the view runs and the answer after it, so a second call that comes
meanwhile is told to wait, and one that comes later gets the same bytes.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.api.errors import CONTENT_TYPE, plain_problem
from kernel import clock
from tenants.models import IdempotencyKey

MAX_KEY_LENGTH = 200
GIVE_UP_AFTER = timedelta(minutes=5)
"""A call without an answer after this died on the way; the next one may try."""
NOT_KEPT = frozenset({401, 403, 409, 413, 429})
"""Answers about the call and not about the request: a later try may fare otherwise."""
FIRST_ERROR_OF_OURS = 500


def answer_once(
    request: HttpRequest,
    key: str,
    respond: Callable[[HttpRequest], HttpResponseBase],
    caller_id: int,
) -> HttpResponseBase:
    """Answer a POST with an idempotency key of the active tenant.

    Args:
        request: of an authenticated key; its body was read.
        key: what the caller sent, 1 to 200 characters.
        respond: runs the view.
        caller_id: of the API key that calls. An answer is repeated to the one that got it alone:
            another may not be allowed to read it.
    """
    if len(key) > MAX_KEY_LENGTH:
        return plain_problem(400, "invalid", f"Idempotency-Key: at most {MAX_KEY_LENGTH} letters.")
    digest = _digest(request, caller_id)
    row, is_ours = _claim(key, digest)
    if not is_ours:
        return _repeat(row, digest)
    response = respond(request)
    if _is_kept(response):
        _keep(row.pk, response)
    else:
        _release(row.pk)
    return response


def _claim(key: str, digest: str) -> tuple[IdempotencyKey, bool]:
    with transaction.atomic():
        row, is_new = IdempotencyKey.objects.get_or_create(
            key=key, defaults={"request_hash": digest}
        )
        if is_new or row.status is not None:
            return row, is_new
        stale = clock.now() - GIVE_UP_AFTER
        taken = IdempotencyKey.objects.filter(pk=row.pk, status=None, created_at__lt=stale).update(
            created_at=clock.now(), request_hash=digest
        )
        return row, bool(taken)


def _repeat(row: IdempotencyKey, digest: str) -> HttpResponseBase:
    if row.request_hash != digest:
        text = "This Idempotency-Key was used with another address, body or API key."
        return plain_problem(422, "idempotency_mismatch", text)
    if row.status is None:
        response = plain_problem(409, "idempotency_running", "The first call still runs. Wait.")
        response.headers["Retry-After"] = "1"
        return response
    kind = "application/json" if row.status < 400 else CONTENT_TYPE  # noqa: PLR2004 errors begin
    repeated = HttpResponse(row.body, status=row.status, content_type=kind)
    repeated.headers["Idempotent-Replayed"] = "true"
    return repeated


def _is_kept(response: HttpResponseBase) -> bool:
    return response.status_code < FIRST_ERROR_OF_OURS and response.status_code not in NOT_KEPT


def _keep(row_id: int, response: HttpResponseBase) -> None:
    text = response.content.decode() if isinstance(response, HttpResponse) else ""
    with transaction.atomic():
        IdempotencyKey.objects.filter(pk=row_id).update(status=response.status_code, body=text)


def _release(row_id: int) -> None:
    with transaction.atomic():
        IdempotencyKey.objects.filter(pk=row_id, status=None).delete()


def _digest(request: HttpRequest, caller_id: int) -> str:
    address = json.dumps([caller_id, request.method, request.get_full_path()])
    return hashlib.sha256(address.encode() + b"\n" + request.body).hexdigest()
