"""`bin/bench`: benchmarks on PostgreSQL and Valkey of their own, settings as in earnest."""

import subprocess
import sys
from collections.abc import Sequence

from kernel.embedded.children import Child
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
        try:
            command = python("-m", "tests.benchmarks", *arguments)
            return subprocess.run(command, cwd=PROJECT, env=env, check=False).returncode
        except KeyboardInterrupt:
            return 130
        finally:
            sink.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
