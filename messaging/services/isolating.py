"""A message that breaks what gets a set ready is found and ended, so that its lane goes on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, ProgrammingError, transaction

from kernel import clock
from messaging.services.lanes import Lane
from messaging.services.preparing import Prepared, end_broken, list_due, prepare_set

log = structlog.get_logger(__name__)

NOT_OF_ONE: Final = (
    ImportError,
    ImproperlyConfigured,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SoftTimeLimitExceeded,
)
"""What no single message is to blame for: the database is away, the installation is not whole, the
time is up. The set is looked at again."""


def prepare_sound_set(lane: Lane, *, size: int) -> Prepared:
    """Get a set ready as `prepare_set`; a message that breaks it is ended as not to be rendered.

    Gates and templates guard themselves message by message. This is for what is left: values,
    coupons, or a fault of ours for one of them. The set is halved until each message that breaks
    is alone, in trials that keep nothing; the reason stands with it, and the others go on.

    Raises:
        Exception: no message breaks by itself, or all of several templates do, which is for us to
            mend: they wait.
    """
    now = clock.now()
    try:
        return prepare_set(lane, size=size, now=now)
    except NOT_OF_ONE:
        raise
    except Exception as exc:
        messages = list_due(lane, size=size, now=now)
        trial = _Trial(lane, size, now)
        reasons = trial.find_broken([message.id for message in messages])
        is_everything = len(reasons) == len(messages)
        if not reasons or (is_everything and len({one.template_id for one in messages}) > 1):
            raise
        log.exception("messages_broke", messages=sorted(reasons), reason=repr(exc))
    end_broken(reasons, messages)
    return prepare_set(lane, size=size, now=clock.now())


class _Trial:
    """Gets parts of a set ready, to see which break."""

    def __init__(self, lane: Lane, size: int, now: datetime) -> None:
        self._lane = lane
        self._size = size
        self._now = now

    def find_broken(self, ids: Sequence[int]) -> dict[int, str]:
        """Return why messages break by themselves, by id."""
        reason = self._try(ids)
        if not reason:
            return {}
        if len(ids) == 1:
            return {ids[0]: reason}
        middle = len(ids) // 2
        return {**self.find_broken(ids[:middle]), **self.find_broken(ids[middle:])}

    def _try(self, ids: Sequence[int]) -> str:
        """Return what breaks some messages together; empty where nothing does."""
        try:
            with transaction.atomic():
                prepare_set(self._lane, size=self._size, now=self._now, only=frozenset(ids))
                transaction.set_rollback(True)
        except NOT_OF_ONE:
            raise
        except Exception as exc:  # noqa: BLE001 the one that breaks is to be found, whatever it is
            return repr(exc)
        return ""
