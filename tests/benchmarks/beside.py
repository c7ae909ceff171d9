"""Programs that run beside a bench and end with it, however it ends."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from kernel.embedded.children import die_with
from kernel.embedded.environment import python
from kernel.embedded.paths import PROJECT
from kernel.embedded.processes import QUIET

Process = subprocess.Popen[str]


@contextmanager
def beside(
    command: Sequence[str],
    *,
    settings: Mapping[str, str] | None = None,
    stdout: int | None = None,
) -> Iterator[Process]:
    """Run a program until the block ends, or until this process is gone.

    Args:
        command: program and arguments.
        settings: added to our environment.
        stdout: as that of `subprocess.Popen`.
    """
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, **(settings or {})},
        stdout=stdout,
        text=True,
        preexec_fn=die_with(os.getpid(), signal.SIGTERM),  # noqa: PLW1509 it allocates nothing
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def task_worker(module: str, queue: str, *, processes: int = 1) -> Iterator[Process]:
    """Run a Celery worker that knows the tasks of a peer.

    Args:
        module: import path of the tasks.
        queue: the one that it takes them from.
        processes: that work at once.
    """
    options = ("--pool", "prefork", "--concurrency", str(processes), "--loglevel", "error")
    known = ("--include", module, "--queues", queue)
    command = python("-m", "celery", "-A", "config.celery", "worker", *known, *options, *QUIET)
    with beside(command, stdout=subprocess.DEVNULL) as worker:
        yield worker
