"""`bin/test`: the test suite on PostgreSQL, Valkey and a mail sink of its own."""

import subprocess
import sys
from collections.abc import Sequence

from kernel.embedded.children import Child
from kernel.embedded.environment import python, without
from kernel.embedded.mailsink import sink_program
from kernel.embedded.paths import PROJECT
from kernel.embedded.postgres import TEST_SETTINGS
from kernel.embedded.sandbox import sandbox

DEFAULT_WORKERS = ("-n", "2", "--dist", "loadscope", "--no-loadscope-reorder")
"""A worker takes whole modules, in the order that `tests.support.plugin` brings them into."""
CONFIGURATION = ("-c", str(PROJECT / "pyproject.toml"))
"""Named, because pytest looks for it beside any folder among the arguments (`--screenshots`)."""


def main(arguments: Sequence[str]) -> int:
    """Run pytest and return its exit status; arguments are passed on."""
    with sandbox(TEST_SETTINGS, name="test") as env:
        sink = Child(sink_program(env))
        try:
            command = python("-m", "pytest", *CONFIGURATION, *_workers(arguments), *arguments)
            return subprocess.run(command, cwd=PROJECT, env=_test(env), check=False).returncode
        except KeyboardInterrupt:
            return 130
        finally:
            sink.stop()


def _workers(arguments: Sequence[str]) -> tuple[str, ...]:
    """Two processes unless the caller says how many."""
    chosen = any(argument.startswith(("-n", "--numprocesses", "--pdb")) for argument in arguments)
    return () if chosen else DEFAULT_WORKERS


def _test(env: dict[str, str]) -> dict[str, str]:
    """Return the environment of the tests, whose many processes compile each module once."""
    kept = without(env, "PYTHONDONTWRITEBYTECODE")
    return {**kept, "DJANGO_SETTINGS_MODULE": "config.test_settings"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
