"""Having a platform send its webhooks here, and no more of them where a store was cut off.

A store is due when its credentials, its address or its connection changed, and once a day:
platforms drop a webhook that failed for hours, and it is missed then. The platform is asked outside
any transaction; what came of it is written only if nothing became due meanwhile.

A store that is connected again has a new address. What was or is being registered for an earlier
one (`Connection.stray_tokens`) is taken away, whichever worker was at it when the merchant changed
their mind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import transaction

from crm.choices import StoreStatus
from kernel import clock
from kernel.batches import Deadline
from kernel.http import Client, HttpUnavailable
from kernel.scope import current_tenant_id
from kernel.work import ring
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.models import Connection
from stores.platforms import KEEPERS
from stores.platforms.base import Keeper
from stores.queries import webhook_url
from stores.queries.registrations import is_registration_wanted
from stores.services.strays import LEASE, REGISTRATIONS, note_stray
from stores.services.syncing import describe_failure, read_access
from stores.types import MissingTopic, StoreAccess

log = structlog.get_logger(__name__)

AGAIN: Final = timedelta(days=1)
SOON: Final = timedelta(minutes=15)
TRIES: Final = 100
"""So many times in a row a platform that does not answer is asked to send no more."""
_NOTHING: Final[Mapping[str, Any]] = {
    "register_due_at": None,
    "registered_at": None,
    "register_detail": "",
    "missing_topics": [],
}
"""Of a store whose credentials no longer let Patron register anything."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A store whose webhooks are being registered, or taken away where it was cut off.

    Attributes:
        token: of the address that it has, or had.
        strays: earlier ones, whose webhooks are taken away.
    """

    store_id: int
    token: str
    strays: Sequence[str]
    held_until: datetime
    is_connected: bool
    tries: int
    access: StoreAccess
    keeper: Keeper


def ask_for_registration(store_id: int) -> bool:
    """Let a worker have the webhooks of a store registered, or taken away where it was cut off.

    Call it inside a transaction.

    Returns:
        False where its platform cannot be told, or nothing is known that lets Patron in.
    """
    found = Connection.objects.select_related("store").filter(store_id=store_id).first()
    if found is None:
        return False
    mine = Connection.objects.filter(pk=found.pk)
    if not is_registration_wanted(found):
        mine.filter(registered_at__isnull=False).update(**_NOTHING)
        return False
    mine.update(register_due_at=clock.now(), register_tries=0)
    ring(REGISTRATIONS, current_tenant_id())
    return True


def drain_registrations(deadline: Deadline) -> int:
    """Register and take away what is due of the active tenant.

    Args:
        deadline: when to stop; a store that was begun ends first.

    Returns:
        Stores; 0 when none is due.
    """
    done = 0
    while not deadline.passed and (turn := _claim()):
        _take(turn)
        done += 1
    return done


@transaction.atomic
def _claim() -> _Turn | None:
    now = clock.now()
    found = (
        Connection.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("store")
        .filter(register_due_at__lte=now)
        .order_by("register_due_at")
        .first()
    )
    if found is None:
        return None
    Connection.objects.filter(pk=found.pk).update(register_due_at=now + LEASE)
    return _Turn(
        store_id=found.store_id,
        token=found.token,
        strays=tuple(found.stray_tokens),
        held_until=now + LEASE,
        is_connected=found.store.status == StoreStatus.CONNECTED,
        tries=found.register_tries,
        access=read_access(found.store_id)[0],
        keeper=KEEPERS[found.store.platform],
    )


def _take(turn: _Turn) -> None:
    now = clock.now()
    try:
        missing = _tell(turn)
    except PullBusy as exc:
        _settle(turn, register_due_at=now + timedelta(seconds=exc.seconds))
    except PullRefused as exc:
        _settle_refused(turn, str(exc), now)
    except (PullUnavailable, HttpUnavailable) as exc:
        _settle_unavailable(turn, describe_failure(exc), now)
    else:
        _settle(
            turn,
            is_done=True,
            registered_at=now if turn.is_connected else None,
            register_due_at=now + AGAIN if turn.is_connected else None,
            register_detail="",
            register_tries=0,
            missing_topics=[list(each) for each in missing],
        )


def _tell(turn: _Turn) -> Sequence[MissingTopic]:
    missing: Sequence[MissingTopic] = ()
    with Client() as client:
        if turn.is_connected:
            missing = turn.keeper.keep(turn.access, client)
        else:
            turn.keeper.unregister(turn.access, client)
        for token in turn.strays:
            address = webhook_url(turn.access.store.platform, token)
            turn.keeper.unregister(replace(turn.access, webhook_url=address), client)
    return missing


def _settle_refused(turn: _Turn, reason: str, now: datetime) -> None:
    """Ask again tomorrow; a shop that was cut off and lets nobody in sends nothing either."""
    again = now + AGAIN if turn.is_connected else None
    _settle(turn, register_due_at=again, register_detail=reason if turn.is_connected else "")


def _settle_unavailable(turn: _Turn, reason: str, now: datetime) -> None:
    is_over = not turn.is_connected and turn.tries + 1 >= TRIES
    _settle(
        turn,
        register_due_at=None if is_over else now + SOON,
        register_detail=reason if turn.is_connected else "",
        register_tries=min(turn.tries + 1, TRIES),
    )


@transaction.atomic
def _settle(turn: _Turn, *, is_done: bool = False, **values: Any) -> None:
    """Write what came of it, unless the store became due once more meanwhile."""
    found = (
        Connection.objects.select_for_update(no_key=True, of=("self",))
        .select_related("store")
        .filter(store_id=turn.store_id)
        .first()
    )
    if found is None:
        return
    if found.register_due_at != turn.held_until:
        log.info("registration_overtaken", store=turn.store_id)
        _note_stray(turn, found)
        return
    if is_done:
        left = [token for token in found.stray_tokens if token not in turn.strays]
        values |= {"stray_tokens": left} | ({"register_due_at": clock.now()} if left else {})
    Connection.objects.filter(pk=found.pk).update(**values)


def _note_stray(turn: _Turn, found: Connection) -> None:
    """Have the webhooks taken away that an overtaken worker made for an address of before.

    Whoever overtook it may have looked before the last of them was there.
    """
    is_current = found.token == turn.token and found.store.status == StoreStatus.CONNECTED
    if is_current or not turn.is_connected:
        return
    note_stray(found, turn.token)
