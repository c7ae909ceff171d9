"""Moves from another tool: the key that is tried, what is chosen, and the start."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.db import transaction

from crm.domain.tags import clean_tag
from imports.choices import MoveStage, Stage
from imports.models import Import, Move
from imports.platforms.klaviyo import EVENTS, LIST, PEOPLE, Account, read_account
from imports.services.imports import start_import
from imports.types import Step
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.http import Client, HttpUnavailable
from kernel.scope import current_tenant_id
from kernel.secrets import encrypt
from kernel.work import ring
from stores.errors import PullBusy, PullRefused, PullUnavailable
from tenants.services import audit, files

KIND: Final = "moves"
CHECK_SECONDS: Final = 8.0
YEAR: Final = timedelta(days=365)
OPEN: Final = (MoveStage.FETCHING, MoveStage.WAITING, MoveStage.PAUSED, MoveStage.FAILED)


def try_key(key: str) -> Account:
    """Ask whose key it is; waits for Klaviyo, at most some seconds.

    Call it outside any transaction.

    Raises:
        Invalid: the key is refused, or Klaviyo does not answer; the reason is for people.
    """
    try:
        with Client(read_seconds=CHECK_SECONDS) as client:
            return read_account(key, client)
    except PullBusy as exc:
        raise Invalid(f"Klaviyo asks for patience; try again in {exc.seconds:.0f} s.") from exc
    except (PullRefused, PullUnavailable) as exc:
        raise Invalid(f"{exc}.") from exc
    except HttpUnavailable as exc:
        raise Invalid(f"Klaviyo cannot be reached: {exc}.") from exc


@transaction.atomic
def create_move(key: str, account: Account, *, actor: str) -> Move:
    """Keep a key that was tried, encrypted, until everything is fetched."""
    move = Move.objects.create(
        account=account.name[:200],
        key_encrypted=encrypt(key),
        lists=[list(each) for each in account.lists],
        actor=actor,
        created_at=clock.now(),
    )
    audit.record("move.created", "move", move.pk, after=_told(move), actor=actor)
    return move


@transaction.atomic
def start_move(
    move_id: int, *, has_people: bool, list_ids: Collection[str], events: str, actor: str
) -> None:
    """Start fetching what was chosen.

    Args:
        move_id: one that waits for the choice.
        has_people: profiles with their consent and suppressions.
        list_ids: lists whose members are tagged with the list's name.
        events: ``year``, ``all``, or empty for none.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such move.
        Conflict: it was started already.
        Invalid: nothing is chosen.
    """
    move = _lock(move_id)
    if move.stage != MoveStage.CHOOSING:
        raise Conflict("This move was started already.")
    now = clock.now()
    steps = [Step(PEOPLE, "profiles, consent and suppressions")] if has_people else []
    steps += [
        Step(LIST, f"list {name}", list_id=key, tag=clean_tag(name))
        for key, name in move.lists
        if key in list_ids
    ]
    if events:
        since = (now - YEAR).isoformat() if events == "year" else ""
        steps.append(Step(EVENTS, "events", since=since))
    if not steps:
        raise Invalid("Choose at least one thing to bring.")
    move.steps = [asdict(each) for each in steps]
    move.stage, move.started_at, move.wake_at = MoveStage.FETCHING, now, now
    move.save(update_fields=["steps", "stage", "started_at", "wake_at"])
    chosen = [each.name for each in steps]
    audit.record("move.started", "move", move.pk, after={"brings": chosen}, actor=actor)
    ring(KIND, current_tenant_id())


@transaction.atomic
def resume_move(move_id: int, *, actor: str) -> bool:
    """Let a move that waits, or stopped, go on at once; says whether there was one."""
    move = _lock(move_id)
    if move.stage not in OPEN or not move.key_encrypted:
        return False
    if move.stage != MoveStage.FETCHING:
        now = clock.now()
        move.stage, move.wake_at, move.tries, move.detail = MoveStage.WAITING, now, 0, ""
        move.save(update_fields=["stage", "wake_at", "tries", "detail"])
        audit.record("move.resumed", "move", move.pk, after=_told(move), actor=actor)
    ring(KIND, current_tenant_id())
    return True


@transaction.atomic
def cancel_move(move_id: int, *, actor: str) -> bool:
    """End a move that is not fetched whole; its files and the key go. Says whether it did."""
    move = _lock(move_id)
    if move.stage not in {*OPEN, MoveStage.CHOOSING}:
        return False
    paths = [each["path"] for each in move.steps if each["path"]]
    transaction.on_commit(lambda: _delete(paths))
    move.stage, move.key_encrypted, move.finished_at = MoveStage.CANCELLED, "", clock.now()
    move.lease, move.lease_until, move.wake_at, move.steps = "", None, None, []
    move.save(
        update_fields=[
            "stage", "key_encrypted", "finished_at", "lease", "lease_until", "wake_at", "steps"
        ]
    )  # fmt: skip
    audit.record("move.cancelled", "move", move.pk, before=_told(move), actor=actor)
    return True


@transaction.atomic
def import_all(move_id: int, *, actor: str) -> int:
    """Start every import of a move that is checked, in the order in which it was fetched.

    Returns:
        How many were started.
    """
    move = _lock(move_id)
    ids = [each["import_id"] for each in move.steps if each["import_id"]]
    ready = Import.objects.filter(pk__in=ids, stage=Stage.CHECKED).order_by("pk")
    started = list(ready.values_list("pk", flat=True))
    for import_id in started:
        start_import(import_id, actor=actor)
    return len(started)


def _told(move: Move) -> dict[str, str]:
    return {"account": move.account}


def _delete(paths: Sequence[str]) -> None:
    for path in paths:
        files.delete_file(path)


def _lock(move_id: int) -> Move:
    move = Move.objects.select_for_update(no_key=True).filter(pk=move_id).first()
    if move is None:
        raise NotFound("This move does not exist.")
    return move
