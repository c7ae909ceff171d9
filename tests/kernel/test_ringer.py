"""Rings off the path of a request: coalesced, and delayed by no broker."""

import threading
from collections.abc import Iterator

import pytest

from kernel import ringer
from kernel.ringer import ring_soon

PATIENCE = 60


class Bell:
    """Stands in for the broker: rings only while it is let."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.asked = threading.Semaphore(0)
        self.rung: list[tuple[str, int]] = []

    def ring(self, kind: str, tenant_id: int) -> None:
        self.rung.append((kind, tenant_id))
        self.asked.release()
        self.is_open.wait(PATIENCE)
        if tenant_id == 0:
            raise RuntimeError("a fault of the broker's library")

    def wait(self, times: int) -> None:
        for _ in range(times):
            assert self.asked.acquire(timeout=PATIENCE)


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bell]:
    found = Bell()
    monkeypatch.setattr(ringer, "ring_now", found.ring)
    yield found
    found.is_open.set()


def test_a_broker_that_hangs_delays_nobody_and_rings_meanwhile_are_one(bell: Bell) -> None:
    ring_soon("inbox", 7)
    bell.wait(1)
    for _ in range(100):
        ring_soon("inbox", 7)
    ring_soon("inbox", 8)
    assert bell.rung == [("inbox", 7)]

    bell.is_open.set()
    bell.wait(2)

    assert bell.rung == [("inbox", 7), ("inbox", 7), ("inbox", 8)]


def test_a_ring_that_fails_does_not_silence_those_after_it(bell: Bell) -> None:
    bell.is_open.set()

    ring_soon("inbox", 0)
    bell.wait(1)
    ring_soon("inbox", 9)
    bell.wait(1)

    assert bell.rung == [("inbox", 0), ("inbox", 9)]
