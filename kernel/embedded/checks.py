"""`bin/check`: format, lint, types, import contracts, templates, front end, migrations.

Needs no server: what asks for a database gets an address where none listens.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.embedded.console import complain, say, step
from kernel.embedded.environment import inherited, manage, python
from kernel.embedded.install import node_environment, npm_command
from kernel.embedded.paths import PROJECT
from kernel.embedded.secrets import new_secrets

NO_DATABASE = "postgres://patron_owner@127.0.0.1:1/patron"
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
# Migrations cannot be compared with a database that is not there; Django says so in a warning.
NO_HISTORY_WARNING = "ignore:Got an error checking a consistent migration history:RuntimeWarning"


@dataclass(frozen=True)
class Check:
    """One tool and how it is called."""

    name: str
    command: tuple[str, ...]


def checks() -> list[Check]:
    """Return everything that is checked, in order."""
    table: dict[str, tuple[str, ...]] = {
        "format": python("-m", "ruff", "format", "--check", "."),
        "lint": python("-m", "ruff", "check", "."),
        "types": python("-m", "mypy", "."),
        "import contracts": python("-c", LINT_IMPORTS),
        "template format": python("-m", "djlint", "templates", "--check", "--quiet"),
        "template lint": python("-m", "djlint", "templates", "--lint", "--quiet"),
        "front end": (*npm_command(Path(sys.executable)), "run", "check", "--silent"),
        "migrations": python(
            "-W", NO_HISTORY_WARNING, *manage("makemigrations", "--check", "--dry-run")[1:]
        ),
    }
    return [Check(name, command) for name, command in table.items()]


def main(arguments: Sequence[str]) -> int:
    """Run every check, or those that are named; 1 when any of them fails."""
    known = checks()
    if unknown := set(arguments) - {check.name for check in known}:
        complain(f"unknown: {', '.join(sorted(unknown))}")
        return 2
    env = _environment()
    started = time.monotonic()
    failed = [
        check.name
        for check in known
        if (not arguments or check.name in arguments) and not _passes(check, env)
    ]
    taken = time.monotonic() - started
    say(f"Failed: {', '.join(failed)}" if failed else f"All checks passed in {taken:.0f} s")
    return 1 if failed else 0


def _passes(check: Check, env: Mapping[str, str]) -> bool:
    try:
        with step(check.name):
            subprocess.run(
                check.command,
                cwd=PROJECT,
                env=dict(env),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=True,
                text=True,
            )
    except subprocess.CalledProcessError as exc:
        say(str(exc.output).rstrip())
        return False
    return True


def _environment() -> dict[str, str]:
    node = node_environment(Path(sys.executable))
    secrets = new_secrets()
    return {
        **inherited(),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), node["PATH"]]),
        "HOME": node.get("HOME", "/"),
        "SECRET_KEY": secrets.secret_key,
        "PATRON_ENCRYPTION_KEYS": secrets.encryption_keys,
        "DATABASE_URL": NO_DATABASE,
        "PATRON_EMBEDDED": "1",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
