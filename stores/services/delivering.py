"""Posts what waits for the endpoints of the merchant: claim, post, record.

No transaction is open while an endpoint is asked. What a worker that died had claimed is posted
again when its lease ends, with the same ``webhook-id``, by which the other side knows it.
"""

import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from django.db import transaction

from kernel import clock
from kernel.arrays import columns
from kernel.batches import Deadline
from kernel.http import Answer, Client, HttpUnavailable
from kernel.secrets import decrypt
from kernel.sql import count_sql, run_sql
from stores.choices import OutgoingStatus
from stores.domain.outgoing import MAX_PATIENCE, next_try, sign
from stores.models import WebhookEndpoint
from stores.platforms.standard_webhooks import keys_of
from stores.services.outgoing import OLD_SECRET

READ_SECONDS: Final = 15.0
LEASE: Final = timedelta(seconds=90)
PER_ENDPOINT: Final = 10
THREADS: Final = 8
KEPT: Final = timedelta(days=30)
PRUNED: Final = 1_000
PATIENT: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
)
"""Answers by which an endpoint asks to be called less; nothing more is posted for a while."""
USUAL_PATIENCE: Final = timedelta(minutes=1)
GONE: Final = "It answered 410 Gone."
GIVEN_UP: Final = "It took nothing for three days."
SILENT: Final = timedelta(days=3)
MAX_WORDS: Final = 300
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_SETTLED: Final = "ids statuses answers dues delivered entries"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a delivery goes and with which keys it is signed."""

    url: str
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A delivery that this worker posts."""

    id: int
    endpoint_id: int
    message_id: str
    body: bytes
    tries: int
    target: _Target


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an endpoint answered; ``status`` None: nothing came back."""

    claimed: _Claimed
    at: datetime
    status: int | None
    detail: str
    milliseconds: int
    retry_after: timedelta | None = None

    @property
    def was_taken(self) -> bool:
        """Whether it counts as delivered: only a 2xx does, a redirect does not."""
        return self.status is not None and HTTPStatus(200) <= self.status < HTTPStatus(300)


def drain_outgoing(deadline: Deadline) -> int:
    """Post the due deliveries of the active tenant, and forget those of long ago.

    Args:
        deadline: when to stop claiming.

    Returns:
        Deliveries posted; 0 when nothing is due or other workers hold it.
    """
    _prune()
    done = 0
    while not deadline.passed:
        claim_id = uuid4()
        claimed = _claim(claim_id)
        if not claimed:
            break
        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = list(pool.map(_post, claimed))
        _settle(claim_id, outcomes)
        done += len(outcomes)
    return done


@transaction.atomic
def _prune() -> None:
    count_sql("stores.prune_outgoing", before=clock.now() - KEPT, count=PRUNED)


@transaction.atomic
def _claim(claim_id: UUID) -> list[_Claimed]:
    now = clock.now()
    rows = run_sql(
        "stores.claim_outgoing",
        now=now,
        claim_id=claim_id,
        lease_until=now + LEASE,
        per_endpoint=PER_ENDPOINT,
    )
    found = WebhookEndpoint.objects.in_bulk({row.endpoint_id for row in rows})
    targets = {pk: _target(row, now) for pk, row in found.items()}
    return [
        _Claimed(
            id=row.id,
            endpoint_id=row.endpoint_id,
            message_id=row.message_id,
            body=row.body.encode(),
            tries=row.tries,
            target=targets[row.endpoint_id],
        )
        for row in rows
    ]


def _target(row: WebhookEndpoint, now: datetime) -> _Target:
    secrets = [decrypt(row.secret_encrypted)]
    if row.rotated_at is not None and now - row.rotated_at < OLD_SECRET:
        secrets.append(decrypt(row.previous_secret_encrypted))
    return _Target(row.url, tuple(keys_of(secret)[0] for secret in secrets if secret))


def _post(claimed: _Claimed) -> _Outcome:
    """Post one delivery; runs in a thread of its own, without the database."""
    at = clock.now()
    started = time.monotonic()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": claimed.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": sign(claimed.target.keys, claimed.message_id, at, claimed.body),
    }
    try:
        with Client(READ_SECONDS) as client:
            answer = client.post(claimed.target.url, claimed.body, headers=headers)
    except HttpUnavailable as exc:
        return _Outcome(claimed, at, None, str(exc), _since(started))
    except Exception as exc:  # the outcomes of the others must be recorded all the same
        log.exception("webhook_broke", delivery=claimed.id)
        return _Outcome(claimed, at, None, repr(exc)[:MAX_WORDS], _since(started))
    words = answer.body[:MAX_WORDS].decode("utf-8", "replace").replace("\x00", "")
    pause = _patience(answer) if answer.status in PATIENT else None
    return _Outcome(claimed, at, answer.status, words, _since(started), pause)


def _patience(answer: Answer) -> timedelta:
    said = answer.headers.get("Retry-After", "")
    if not _SECONDS.fullmatch(said):
        return USUAL_PATIENCE
    return min(timedelta(seconds=int(said)), MAX_PATIENCE)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1_000)


@transaction.atomic
def _settle(claim_id: UUID, outcomes: Sequence[_Outcome]) -> None:
    """Write what came of a batch; an endpoint that is gone or took nothing for days is shut."""
    now = clock.now()
    rows = [_row(outcome, now) for outcome in outcomes]
    count_sql("stores.settle_outgoing", claim_id=claim_id, **columns(_SETTLED, rows))
    taken = {outcome.claimed.endpoint_id for outcome in outcomes if outcome.was_taken}
    WebhookEndpoint.objects.filter(pk__in=taken).update(taken_at=now)
    failed = {
        outcome.claimed.endpoint_id
        for outcome, row in zip(outcomes, rows, strict=True)
        if row[1] == OutgoingStatus.FAILED
    }
    heard = WebhookEndpoint.objects.filter(pk__in=failed, taken_at__gt=now - SILENT)
    given_up = failed - set(heard.values_list("pk", flat=True))
    gone = {o.claimed.endpoint_id for o in outcomes if o.status == HTTPStatus.GONE}
    shut = {**dict.fromkeys(given_up, GIVEN_UP), **dict.fromkeys(gone, GONE)}
    for reason in sorted(set(shut.values())):
        ids = [endpoint_id for endpoint_id, why in shut.items() if why == reason]
        WebhookEndpoint.objects.filter(pk__in=ids, is_enabled=True).update(
            is_enabled=False, disabled_reason=reason
        )
        log.warning("webhook_endpoints_disabled", endpoints=ids, reason=reason)
    held: dict[int, datetime] = {}
    for outcome in outcomes:
        if outcome.retry_after is not None:
            until = outcome.at + outcome.retry_after
            held[outcome.claimed.endpoint_id] = max(
                until, held.get(outcome.claimed.endpoint_id, until)
            )
    rows_held = list(WebhookEndpoint.objects.filter(pk__in=held))
    for row in rows_held:
        row.held_until = held[row.pk]
    WebhookEndpoint.objects.bulk_update(rows_held, ["held_until"])


def _row(outcome: _Outcome, now: datetime) -> tuple[Any, ...]:
    claimed = outcome.claimed
    entry = {
        "at": outcome.at.isoformat(),
        "status": outcome.status,
        "detail": outcome.detail,
        "ms": outcome.milliseconds,
    }
    if outcome.was_taken:
        status, due_at = OutgoingStatus.DELIVERED, None
    else:
        due_at = next_try(claimed.tries + 1, now, claimed.id)
        if outcome.status == HTTPStatus.GONE:
            due_at = None
        status = OutgoingStatus.PENDING if due_at else OutgoingStatus.FAILED
        if due_at and outcome.retry_after:
            due_at = max(due_at, outcome.at + outcome.retry_after)
    delivered_at = outcome.at if outcome.was_taken else None
    return (claimed.id, status.value, outcome.status, due_at, delivered_at, [entry])
