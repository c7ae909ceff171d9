"""Watches children: one that dies is started again, and all of them stop together."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from kernel.embedded.children import Child, Program
from kernel.embedded.console import say

TICK_SECONDS = 0.15
BACK_OFF_SECONDS = (0.2, 0.5, 1, 2, 5, 10)
# A child that ran this long before it died starts the back-off anew.
STABLE_SECONDS = 30


@dataclass
class Watched:
    """One program, its process while there is one, and when to start it again."""

    program: Program
    child: Child | None
    started_at: float
    failures: int = 0
    start_at: float = 0


class Supervisor:
    """Keeps programs running until it is told to stop; it never gives up on one.

    It has one thread, because the kernel ties the death signal of a child to the thread
    that started it.
    """

    def __init__(self) -> None:
        self._watched: list[Watched] = []

    def adopt(self, child: Child) -> None:
        """Watch a child that runs already."""
        self._watched.append(Watched(child.program, child, time.monotonic()))

    def start(self, program: Program) -> None:
        """Start a program and watch it."""
        self.adopt(Child(program))

    def run_until(self, done: Callable[[], bool], *, seconds: float | None = None) -> bool:
        """Watch until ``done`` says so; False when the time is up first."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not done():
            if deadline is not None and time.monotonic() > deadline:
                return False
            self.tick()
            time.sleep(TICK_SECONDS)
        return True

    def tick(self) -> None:
        """Look at every child once."""
        for watched in self._watched:
            if watched.child is None:
                self._start_when_due(watched)
            elif watched.child.exit_status is not None:
                self._note_death(watched, watched.child)

    def deaths(self, name: str) -> int:
        """Return how often a program has died since it last ran for a while."""
        return sum(w.failures for w in self._watched if w.program.name == name)

    def stop(self) -> None:
        """Stop everything, the last started first.

        Those before the servers are asked together, so that a slow one costs its time once.
        """
        children = [watched.child for watched in reversed(self._watched) if watched.child]
        self._watched.clear()
        servers = [child for child in children if child.program.is_server]
        others = [child for child in children if not child.program.is_server]
        for child in others:
            child.ask_to_stop()
        for child in others:
            child.wait_or_kill()
        for child in servers:
            child.stop()

    def _note_death(self, watched: Watched, child: Child) -> None:
        child.clear_session()
        if time.monotonic() - watched.started_at > STABLE_SECONDS:
            watched.failures = 0
        delay = BACK_OFF_SECONDS[min(watched.failures, len(BACK_OFF_SECONDS) - 1)]
        watched.failures += 1
        watched.child = None
        watched.start_at = time.monotonic() + delay
        name, status = watched.program.name, child.exit_status
        say(f"! {name} ended with status {status}; it starts again in {delay} s")

    def _start_when_due(self, watched: Watched) -> None:
        if time.monotonic() < watched.start_at:
            return
        watched.started_at = time.monotonic()
        watched.child = Child(watched.program)
        say(f"  {watched.program.name} was started again")
