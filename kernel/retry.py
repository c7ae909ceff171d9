"""Once more where another writer was in the way."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from kernel.errors import Conflict

T = TypeVar("T")
TRIES: Final = 3


def retry_conflicts(
    work: Callable[[], T], *, tries: int = TRIES, conflict: type[Conflict] = Conflict
) -> T:
    """Do some work, and do it again where another writer was in its way.

    Args:
        work: in a transaction of its own, which comes to nothing by the conflict.
        tries: how often, all together.
        conflict: what is tried again.

    Raises:
        Conflict: others were in the way each time.
    """
    for _ in range(tries - 1):
        with suppress(conflict):
            return work()
    return work()
