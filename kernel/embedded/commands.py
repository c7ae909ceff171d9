"""Runs a command to its end and shows what it says, one line at a time.

Read by the system's Python: standard library only.
"""

import subprocess
from collections.abc import Callable, Mapping, Sequence

from kernel.embedded.paths import PROJECT

KEPT_LINES = 30


class CommandFailed(Exception):
    """A command ended with an error; the text holds the last lines it printed."""


def run_command(
    command: Sequence[str], env: Mapping[str, str], show: Callable[[str], None]
) -> None:
    """Run a command in the project's folder and hand each line it prints to ``show``.

    Raises:
        CommandFailed: its exit status is not 0.
    """
    kept: list[str] = []
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            kept = [*kept[1 - KEPT_LINES :], line.rstrip()]
            show(line.strip())
    if process.returncode != 0:
        raise CommandFailed("\n".join([f"{' '.join(command[:6])} … failed:", *kept]))
