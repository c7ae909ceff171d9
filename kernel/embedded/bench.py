"""`bin/bench`: benchmarks on PostgreSQL and Valkey of their own, settings as in earnest."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from kernel.embedded.children import Child, die_with
from kernel.embedded.environment import python
from kernel.embedded.mailsink import sink_program
from kernel.embedded.paths import PROJECT
from kernel.embedded.postgres import serving_settings
from kernel.embedded.sandbox import sandbox

# Small: the figures are ratios measured in one run, and memory is shared with what is measured.
SETTINGS = {"max_wal_size": "4GB", "checkpoint_timeout": "15min"}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks that are named, or all; see tests/benchmarks/__main__.py."""
    with sandbox({**serving_settings(), **SETTINGS}, name="bench") as env:
        sink = Child(sink_program(env))
        benches = subprocess.Popen(
            python("-m", "tests.benchmarks", *arguments),
            cwd=PROJECT,
            env=env,
            preexec_fn=die_with(os.getpid(), signal.SIGTERM),  # noqa: PLW1509 it allocates nothing
        )
        try:
            return benches.wait()
        except KeyboardInterrupt:
            benches.terminate()  # heard once: a terminal has told it already
            benches.wait()
            return 130
        finally:
            sink.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
