"""`start`: an installed instance without demo data starts again."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from kernel.embedded.paths import PROJECT
from tests.benchmarks.measure import Goal, Measured, compare, timed

RUNS = 3
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "USER")


def run(size: int) -> list[Measured]:
    """Start and stop an instance of its own; the first start, which installs it, is not counted.

    Args:
        size: unused; the instance is empty.
    """
    _ = size
    folder = Path(tempfile.mkdtemp(prefix="patron-start-"))
    folder.chmod(0o711)  # the database server's account must get through
    data = str(folder / "data")
    up = ["bin/up", "--no-demo", "--detach", "--data", data, "--port", str(free_port())]
    down = ["bin/down", "--data", data]
    runs: list[float] = []
    try:
        for _attempt in range(RUNS + 1):
            try:
                runs.append(timed(lambda: _command(up)))
            finally:
                _command(down)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [compare("start", [], runs[1:], Goal(10.0), work="second start, no demo")]


def _command(arguments: list[str]) -> None:
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    subprocess.run(arguments, cwd=PROJECT, env=env, check=True, stdout=subprocess.DEVNULL)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
