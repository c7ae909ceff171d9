"""Pages that are fetched while others are applied: order, bounds, ends and failures."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from kernel.batches import Deadline
from stores.errors import PullUnavailable
from stores.services import reading_ahead
from stores.services.reading_ahead import PageReader
from stores.types import Pulled, PulledPage

FOREVER = Deadline(seconds=None)
AT_ONCE = Deadline(seconds=0)
BODY = b"{}"


class Shop:
    """A platform of so many pages, one object each; a cursor is the number of a page.

    Attributes:
        asked: pages that were fetched.
        rests_at, breaks_at: pages behind which the shop wants a rest, or does not answer.
        gates: pages that are answered only when their gate is open.
    """

    def __init__(self, count: int, *, rests_at: int = 0, breaks_at: int = 0) -> None:
        self.count, self.rests_at, self.breaks_at = count, rests_at, breaks_at
        self.asked: list[int] = []
        self.threads: set[str] = set()
        self.gates: dict[int, threading.Event] = {}

    def fetch(self, cursor: Mapping[str, Any]) -> PulledPage:
        number = int(cursor["page"])
        if gate := self.gates.get(number):
            assert gate.wait(60)
        self.asked.append(number)
        self.threads.add(threading.current_thread().name)
        if number == self.breaks_at:
            raise PullUnavailable("down")
        following = {"page": number + 1} if number < self.count else None
        rest = 5.0 if number == self.rests_at else 0.0
        return PulledPage([Pulled(f"order:{number}", "order.updated", BODY)], 1, following, rest)

    def read(self, deadline: Deadline = FOREVER) -> PageReader:
        return PageReader(self.fetch, {"page": 1}, deadline)


def names(pages: list[PulledPage]) -> list[str]:
    return [each.name for page in pages for each in page.objects]


def take_all(reader: PageReader) -> list[str]:
    found: list[str] = []
    while pages := reader.take():
        found += names(pages)
    return found


def test_pages_come_in_their_order_and_end() -> None:
    shop = Shop(50)
    with shop.read() as reader:
        assert names(reader.take()) == ["order:1"]
        assert take_all(reader) == [f"order:{number}" for number in range(2, 51)]
        assert reader.take() == []
    assert shop.asked == list(range(1, 51))


def test_a_single_page_needs_no_thread() -> None:
    shop = Shop(1)
    with shop.read() as reader:
        assert take_all(reader) == ["order:1"]
    assert shop.threads == {threading.current_thread().name}


def test_no_more_is_held_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_ahead, "MOST_OBJECTS", 3)
    shop = Shop(9)
    with shop.read() as reader:
        assert names(reader.take()) == ["order:1"]
        wait_until(lambda: len(shop.asked) == 4)
        assert names(reader.take()) == ["order:2", "order:3", "order:4"]
        wait_until(lambda: len(shop.asked) == 7)
    assert shop.asked == list(range(1, 8))


def test_large_bodies_are_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_ahead, "MOST_BYTES", 2 * len(BODY))
    shop = Shop(9)
    with shop.read() as reader:
        reader.take()
        wait_until(lambda: len(shop.asked) == 3)
        assert names(reader.take()) == ["order:2", "order:3"]


def test_nothing_is_asked_for_behind_the_deadline() -> None:
    shop = Shop(9)
    with shop.read(AT_ONCE) as reader:
        assert take_all(reader) == ["order:1"]
    assert shop.asked == [1]


def test_nothing_is_asked_for_behind_a_page_that_wants_a_rest() -> None:
    shop = Shop(9, rests_at=3)
    with shop.read() as reader:
        assert take_all(reader) == ["order:1", "order:2", "order:3"]
    assert shop.asked == [1, 2, 3]


def test_a_failure_comes_behind_the_pages_before_it() -> None:
    shop = Shop(9, breaks_at=4)
    shop.gates[2] = threading.Event()
    with shop.read() as reader:
        reader.take()
        shop.gates[2].set()
        found: list[str] = []
        while len(found) < 2:
            found += names(reader.take())
        with pytest.raises(PullUnavailable, match="down"):
            reader.take()
    assert found == ["order:2", "order:3"]


def test_who_gives_up_waits_for_the_page_under_way_and_asks_for_no_other() -> None:
    shop = Shop(9)
    shop.gates[3] = threading.Event()

    def give_up() -> None:
        with shop.read() as reader:
            reader.take()
            wait_until(lambda: shop.asked == [1, 2])
            threading.Timer(0.05, shop.gates[3].set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        give_up()
    assert shop.asked in ([1, 2], [1, 2, 3])
    assert not [each for each in threading.enumerate() if each.name == "pages"]


def wait_until(condition: Any) -> None:
    """Wait for another thread."""
    turn = threading.Event()
    for _ in range(12_000):
        if condition():
            return
        turn.wait(0.005)
    raise AssertionError("it does not come to pass")
