from collections.abc import Callable

import pytest

from kernel.errors import Conflict, Outdated
from kernel.retry import retry_conflicts


def failing(times: int, error: Exception) -> Callable[[], int]:
    """Return work that fails so often, and then says how often it was done."""
    done: list[int] = []

    def work() -> int:
        done.append(1)
        if len(done) <= times:
            raise error
        return len(done)

    return work


def test_work_is_done_again_where_others_were_in_the_way_and_not_for_ever() -> None:
    assert retry_conflicts(failing(2, Conflict("taken"))) == 3
    assert retry_conflicts(failing(4, Conflict("taken")), tries=5) == 5
    with pytest.raises(Conflict, match="taken"):
        retry_conflicts(failing(3, Conflict("taken")))
    with pytest.raises(ValueError, match="wrong"):
        retry_conflicts(failing(1, ValueError("wrong")))


def test_a_conflict_of_another_kind_is_not_tried_again() -> None:
    with pytest.raises(Conflict, match="taken"):
        retry_conflicts(failing(1, Conflict("taken")), conflict=Outdated)
