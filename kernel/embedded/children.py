"""A program that we start and that must not outlive us."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kernel.embedded.accounts import Account, identity

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.02
MAX_LOG_BYTES = 20 * 1024 * 1024
# Loaded here, because nothing may be imported between fork and exec.
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Program:
    """How to start and stop one program.

    Attributes:
        name: shown to the user and used for the log file.
        command: program and arguments.
        env: the whole environment.
        log: file that gets its output, appended to.
        stop_signal: asks it to end; also sent when we die without a word.
        grace_seconds: how long it may take to end before it is killed.
        account: whom it runs as; None for our own account.
        cwd: working folder.
        is_server: others need it until their own end.
        before_start: clears what a predecessor left; runs before each start.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10
    account: Account | None = None
    cwd: Path = Path("/")
    is_server: bool = False
    before_start: Callable[[], None] = field(default=lambda: None)


class Child:
    """A started program, in a session of its own so that its children can be ended with it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.before_start()
        _rotate(program.log)
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(
                program.command,
                env=dict(program.env),
                cwd=program.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with(os.getpid(), program.stop_signal),  # noqa: PLW1509 it allocates nothing
                **identity(program.account),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Send the stop signal; a program that has ended is left alone."""
        if self.exit_status is None:
            self._process.send_signal(self.program.stop_signal)

    def wait_or_kill(self) -> None:
        """Wait for the end, kill what does not end in time, and clear the whole session."""
        try:
            self._process.wait(self.program.grace_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.clear_session()

    def stop(self) -> None:
        """Ask, wait, kill."""
        self.ask_to_stop()
        self.wait_or_kill()

    def clear_session(self) -> None:
        """Kill what an ended program left in its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until ``ready`` says so.

        Raises:
            RuntimeError: the program ended first.
            TimeoutError: it was not ready in time.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_status is not None:
                raise RuntimeError(f"{self.program.name} ended at once; see {self.program.log}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.program.name} did not answer; see {self.program.log}")
            time.sleep(POLL_SECONDS)


def _rotate(log: Path) -> None:
    """Put a long log aside; one old one is kept."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.rename(log.with_suffix(".old.log"))


def die_with(parent: int, stop_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child does between fork and exec: ask the kernel to tell it of our death.

    Args:
        parent: our own process id.
        stop_signal: what the child is sent when we die without a word.
    """

    def ask_kernel() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel
