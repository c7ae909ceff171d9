"""What the user sees while something takes its time; a plain line each when it is no terminal."""

import contextlib
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

CLEAR_LINE = "\r\x1b[2K"
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_SECONDS = 0.1
BAR_WIDTH = 24
WORD_WIDTH = 40


def say(text: str) -> None:
    """Print one line at once; a terminal that was closed is no reason to fail."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{CLEAR_LINE if sys.stdout.isatty() else ''}{text}\n")
        sys.stdout.flush()


def complain(text: str) -> None:
    """Print one line where errors go."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Step:
    """One step of a longer piece of work; counts as far as it knows how much there is."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._started = time.monotonic()
        self._total = 0
        self._done = 0
        self._word = ""
        self._told_pct = 0

    def advance(self, done: int, total: int, word: str = "") -> None:
        """Say how much is done; ``word`` names what is being worked on."""
        self._done, self._total, self._word = min(done, total), total, word[:WORD_WIDTH]
        pct = 100 * self._done // max(total, 1)
        if not sys.stdout.isatty() and pct >= self._told_pct + 20:
            self._told_pct = pct
            say(f"  {self._title}: {pct} % ({self._done} of {total})")

    def line(self, frame: str) -> str:
        """Return the line of a terminal."""
        seconds = f"{time.monotonic() - self._started:.0f} s"
        if not self._total:
            return f"{frame} {self._title}  {seconds}"
        filled = BAR_WIDTH * self._done // self._total
        bar = "━" * filled + "·" * (BAR_WIDTH - filled)
        return f"{frame} {self._title}  {bar} {self._done}/{self._total}  {seconds}  {self._word}"

    def close(self, mark: str) -> None:
        """Leave the last word about the step."""
        taken = time.monotonic() - self._started
        say(f"{mark} {self._title}  {taken:.1f} s")


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show that a piece of work is going on, and how it ended."""
    current = Step(title)
    with _spinner(current) if sys.stdout.isatty() else _announced(title):
        try:
            yield current
        except BaseException:
            current.close("✗")
            raise
    current.close("✓")


@contextmanager
def _announced(title: str) -> Iterator[None]:
    say(f"… {title}")
    yield


@contextmanager
def _spinner(current: Step) -> Iterator[None]:
    stopped = threading.Event()

    def spin() -> None:
        for frame in itertools.cycle(FRAMES):
            sys.stdout.write(f"{CLEAR_LINE}{current.line(frame)}")
            sys.stdout.flush()
            if stopped.wait(FRAME_SECONDS):
                return

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
