"""Fetching what another tool knows: page by page, each kept with where the next one begins.

As in a pull of a store, a worker takes a lease and asks outside any transaction. What a page brings
is appended to a file; bytes that a dead worker left behind what counts are cut by the next one.
When all is fetched each file becomes an import that is checked, and waits for the merchant.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import models, transaction
from django.db.models import Q

from imports.choices import Kind, MoveStage
from imports.domain.klaviyo import EVENT_TARGETS, LIST_TARGETS, PEOPLE_TARGETS
from imports.models import Move
from imports.platforms.klaviyo import EVENTS, LIST, PEOPLE, Page, fetch_page, first_address
from imports.services.imports import create_from_rows, start_check
from imports.types import Step
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import DomainError
from kernel.http import AddressForbidden, Client, HttpUnavailable
from kernel.secrets import decrypt
from stores.errors import LeaseLost, PullBusy, PullRefused, PullUnavailable
from tenants.services import files

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=5)
BACK_OFF: Final = (10, 30, 60, 300, 900)
"""Seconds until a tool that does not answer is asked again; from then on the last."""
TRIES: Final = 100
OPEN: Final = (MoveStage.FETCHING, MoveStage.WAITING)
TARGETS: Final = {PEOPLE: PEOPLE_TARGETS, LIST: LIST_TARGETS, EVENTS: EVENT_TARGETS}


@dataclass(slots=True)
class _Claim:
    """A move in the hands of this worker."""

    move_id: int
    lease: str
    key: str
    steps: list[Step]
    at: int
    address: str

    @property
    def step(self) -> Step:
        return self.steps[self.at]


def drain_moves(deadline: Deadline) -> int:
    """Fetch pages of the active tenant's moves, the one that waited longest first.

    Returns:
        Turns; 0 when none is due or other workers hold them.
    """
    return deadline.repeat(lambda: _take_turn(deadline))


def _take_turn(deadline: Deadline) -> bool:
    claim = _claim()
    if claim is None:
        return False
    try:
        _work(claim, deadline)
    except LeaseLost:
        log.warning("move_lease_lost", move=claim.move_id)
    except PullBusy as exc:
        wake_at = clock.now() + timedelta(seconds=exc.seconds)
        _settle(claim, stage=MoveStage.WAITING, wake_at=wake_at, detail="Klaviyo asks for patience")
    except (PullRefused, AddressForbidden) as exc:
        _settle(claim, stage=MoveStage.PAUSED, detail=str(exc))
    except (PullUnavailable, HttpUnavailable) as exc:
        _try_again(claim, str(exc))
    except DomainError as exc:
        _settle(claim, stage=MoveStage.FAILED, detail=exc.detail)
    return True


@transaction.atomic
def _claim() -> _Claim | None:
    now = clock.now()
    move = (
        Move.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(Q(lease_until=None) | Q(lease_until__lte=now), stage__in=OPEN, wake_at__lte=now)
        .order_by("wake_at", "pk")
        .first()
    )
    if move is None:
        return None
    lease = secrets.token_hex(16)
    Move.objects.filter(pk=move.pk).update(
        stage=MoveStage.FETCHING, lease=lease, lease_until=now + LEASE
    )
    steps = [Step(**each) for each in move.steps]
    return _Claim(move.pk, lease, decrypt(move.key_encrypted), steps, move.at, move.address)


def _work(claim: _Claim, deadline: Deadline) -> None:
    with Client() as client:
        while claim.at < len(claim.steps):
            step = claim.step
            address = claim.address or first_address(
                step.what,
                list_id=step.list_id,
                since=datetime.fromisoformat(step.since) if step.since else None,
            )
            _keep(claim, fetch_page(claim.key, client, step.what, address))
            if deadline.passed and claim.at < len(claim.steps):
                _settle(claim, wake_at=clock.now())
                return
    _finish(claim)


@transaction.atomic
def _keep(claim: _Claim, page: Page) -> None:
    """Append a page to its file and write where the next one begins."""
    step = claim.step
    step.path = step.path or files.new_path(".rows")
    at, address = (claim.at, page.following) if page.following else (claim.at + 1, "")
    # The lease is looked at first: a worker that lost it must not cut what another one wrote.
    _hold(claim, at=at, address=address, tries=0, detail="")
    if page.rows:
        lines = "".join(_line(step.what, row) for row in page.rows)
        step.size = files.append(step.path, lines, at_byte=step.size)
        step.rows += len(page.rows)
    _mine(claim).update(steps=[asdict(each) for each in claim.steps])
    claim.at, claim.address = at, address


def _line(what: str, row: dict[str, str]) -> str:
    whole = {name: row.get(name, "") for name in TARGETS[what]}
    return json.dumps(whole, ensure_ascii=False) + "\n"


@transaction.atomic
def _finish(claim: _Claim) -> None:
    """Make an import of each file, and start its check; the key is forgotten."""
    _hold(claim)
    move = Move.objects.get(pk=claim.move_id)
    for step in claim.steps:
        if step.rows:
            step.import_id = _create(move, step)
    now = clock.now()
    _mine(claim).update(
        stage=MoveStage.FETCHED,
        steps=[asdict(each) for each in claim.steps],
        key_encrypted="",
        finished_at=now,
        lease="",
        lease_until=None,
        wake_at=None,
    )


def _create(move: Move, step: Step) -> int:
    targets = TARGETS[step.what]
    source = create_from_rows(
        step.path,
        size=step.size,
        lines=step.rows,
        kind=Kind.EVENTS if step.what == EVENTS else Kind.CUSTOMERS,
        filename=f"Klaviyo: {step.name}",
        actor=move.actor,
    )
    options = {"consent_source": f"Klaviyo account {move.account}"}
    if step.what == LIST:
        options["tag"] = step.tag
    mapping = [targets[name] for name in source.header]
    start_check(source.pk, mapping=mapping, options=options, actor=move.actor)
    return source.pk


def _hold(claim: _Claim, **values: Any) -> None:
    """Write to the move as long as it is this worker's.

    Raises:
        LeaseLost: it is not.
    """
    if not _mine(claim).update(lease_until=clock.now() + LEASE, **values):
        raise LeaseLost


@transaction.atomic
def _settle(claim: _Claim, **values: Any) -> None:
    _mine(claim).update(lease="", lease_until=None, **values)


def _try_again(claim: _Claim, reason: str) -> None:
    with transaction.atomic():
        tries = _mine(claim).values_list("tries", flat=True).first()
    if tries is None:
        return
    if tries + 1 >= TRIES:
        detail = f"{reason}. Given up after {TRIES} tries; go on when Klaviyo answers."
        _settle(claim, stage=MoveStage.FAILED, detail=detail)
        return
    seconds = BACK_OFF[min(tries, len(BACK_OFF) - 1)]
    wake_at = clock.now() + timedelta(seconds=seconds)
    _settle(claim, stage=MoveStage.WAITING, wake_at=wake_at, tries=tries + 1, detail=reason)


def _mine(claim: _Claim) -> models.QuerySet[Move]:
    return Move.objects.filter(pk=claim.move_id, lease=claim.lease, stage=MoveStage.FETCHING)
