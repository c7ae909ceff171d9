"""`bin/down`: stops the instance that runs in a data folder."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Sequence

from kernel.embedded.console import complain, say
from kernel.embedded.instance import find_state, is_locked, wait_for_end
from kernel.embedded.paths import data_folder

STOP_SECONDS = 90


def main(arguments: Sequence[str]) -> int:
    """Ask the supervisor to stop everything, and wait until it has."""
    parser = argparse.ArgumentParser(prog="bin/down", description="Stop a running Patron.")
    parser.add_argument("--data", metavar="DIR", help="data folder (.data/)")
    folder = data_folder(parser.parse_args(arguments).data)
    state = find_state(folder)
    if state is None or not is_locked(folder):
        say(f"Nothing runs with the data in {folder.root}.")
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGTERM)
    if not wait_for_end(folder, seconds=STOP_SECONDS):
        complain(f"Process {state.pid} did not stop within {STOP_SECONDS} s.")
        return 1
    say("Patron has stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
