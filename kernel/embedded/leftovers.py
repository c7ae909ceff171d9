"""Ends processes of an instance that nobody watches any more, found by pid and never by name.

The caller holds the lock of the data folder, so whatever still runs in it is an orphan:
a backend whose postmaster was killed, a web worker whose master was killed.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROC = Path("/proc")
POLL_SECONDS = 0.02
# Set in the environment of every supervised program; its value is the data folder.
MARKER = "PATRON_SUPERVISED"


def end_backends(cluster: Path, *, patience_seconds: float = 5) -> list[int]:
    """End every PostgreSQL process that works in this cluster folder.

    A backend that outlives its postmaster keeps the shared memory, and no new server
    starts beside it. A server that is already on its way out is given the time.

    Returns:
        The process ids that were there.
    """
    return _end(lambda: list(_working_in(cluster)), signal.SIGQUIT, patience_seconds)


def end_supervised(data: Path, *, patience_seconds: float = 5) -> list[int]:
    """End every program that an earlier supervisor of this data folder started.

    Returns:
        The process ids that were there.
    """
    marker = f"{MARKER}={data}".encode()
    return _end(lambda: list(_carrying(marker)), signal.SIGTERM, patience_seconds)


def _end(
    find: Callable[[], list[int]], first: signal.Signals, patience_seconds: float
) -> list[int]:
    found = find()
    _send(found, first)
    deadline = time.monotonic() + patience_seconds
    while left := find():
        if time.monotonic() > deadline:
            _send(left, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    return found


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _working_in(cluster: Path) -> Iterator[int]:
    """Yield the PostgreSQL processes whose working folder is the cluster: each moves there."""
    folder = os.path.realpath(cluster)
    for process in _processes():
        with contextlib.suppress(OSError):
            program = (process / "exe").readlink().name.removesuffix(" (deleted)")
            if program == "postgres" and str((process / "cwd").readlink()) == folder:
                yield int(process.name)


def _carrying(marker: bytes) -> Iterator[int]:
    for process in _processes():
        with contextlib.suppress(OSError):
            if marker in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def _processes() -> Iterator[Path]:
    own = str(os.getpid())
    return (entry for entry in PROC.iterdir() if entry.name.isdigit() and entry.name != own)
