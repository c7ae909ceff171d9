"""`bin/manage`: a Django command against an instance, whether or not that runs."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from kernel.embedded.commands import CommandFailed, run_command
from kernel.embedded.console import complain
from kernel.embedded.environment import inherited, manage, python, without
from kernel.embedded.instance import (
    AlreadyRunning,
    assemble,
    find_state,
    is_locked,
    locked,
    write_state,
)
from kernel.embedded.leftovers import MARKER, end_supervised
from kernel.embedded.paths import DataFolder, data_folder

USAGE = "usage: bin/manage [--data DIR] COMMAND …"
POLL_SECONDS = 0.1
WAIT_SECONDS = 600
CHANGES_TABLES = ("migrate", "restore")


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    path, command = _split(arguments)
    if not command:
        complain(USAGE)
        return 2
    folder = data_folder(path)
    if command[0] in CHANGES_TABLES:
        folder.migrated.unlink(missing_ok=True)  # the next start looks for itself
    try:
        with _environment(folder) as env:
            return subprocess.run(manage(*command), env=env, check=False).returncode
    except (CommandFailed, OSError, RuntimeError, ValueError) as exc:
        complain(str(exc))
        return 1
    except KeyboardInterrupt:
        return 130


def _split(arguments: Sequence[str]) -> tuple[str | None, Sequence[str]]:
    """Take our own option off the front; everything after it is the command's."""
    if arguments and arguments[0].startswith("--data="):
        return arguments[0].partition("=")[2], arguments[1:]
    if len(arguments) > 1 and arguments[0] == "--data":
        return arguments[1], arguments[2:]
    return None, arguments


@contextmanager
def _environment(folder: DataFolder) -> Iterator[dict[str, str]]:
    """Use the servers of the running instance, or run them for the time of the command."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        state = find_state(folder)
        if state and state.is_ready and state.is_supervised and is_locked(folder):
            yield {**inherited(), **state.env}
            return
        try:
            with _own_servers(folder) as env:
                yield env
                return
        except AlreadyRunning:
            time.sleep(POLL_SECONDS)
    raise RuntimeError(f"another command has been working on {folder.root} for too long")


@contextmanager
def _own_servers(folder: DataFolder) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        stack.enter_context(locked(folder))
        end_supervised(folder.root)
        parts = assemble(folder)
        write_state(folder, parts, is_ready=False, is_supervised=False)
        if parts.postgres:
            stack.callback(parts.postgres.start().stop)
        if parts.valkey:
            stack.callback(parts.valkey.start().stop)
        env = without(parts.env, MARKER)
        if env.get("PATRON_SUPERUSER_URL"):
            run_command(python("-m", "kernel.postgres.bootstrap"), env, lambda line: None)
        yield env


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
