"""Brings the database of an instance up to date before anything serves from it."""

import hashlib
import subprocess

from kernel.embedded.commands import run_command
from kernel.embedded.console import step
from kernel.embedded.environment import has_command, manage, python
from kernel.embedded.instance import Parts
from kernel.embedded.paths import PROJECT, DataFolder


class CannotStart(Exception):
    """The instance cannot be started; the text tells the user why."""


def prepare(folder: DataFolder, parts: Parts, *, with_demo: bool) -> None:
    """Create roles, database and tables, and load the demo shops on first use.

    What the embedded database has seen is not looked at again: it cannot change while
    nothing runs. A database of one's own is looked at each time.

    Raises:
        CannotStart: the demo could not be loaded.
        CommandFailed: the database could not be brought up to date.
    """
    with step("Bringing the database up to date") as current:
        if parts.env.get("PATRON_SUPERUSER_URL"):
            run_command(python("-m", "kernel.postgres.bootstrap"), parts.env, lambda line: None)
        wanted = migrations_digest()
        if parts.postgres is None or _seen(folder) != wanted:
            command = manage("migrate", "--no-input", "--skip-checks")
            run_command(command, parts.env, lambda line: current.advance(0, 0, line))
            folder.migrated.write_text(wanted, encoding="utf-8")
    is_loaded = parts.postgres is not None and folder.demo.exists()
    if with_demo and not is_loaded and has_command("load_demo"):
        _load_demo(parts)


def _load_demo(parts: Parts) -> None:
    """Run the command on our own terminal: it shows its progress itself."""
    done = subprocess.run(manage("load_demo", "--if-empty"), env=parts.env, check=False)
    if done.returncode != 0:
        raise CannotStart("the demo shops could not be loaded; --no-demo starts without them")


def _seen(folder: DataFolder) -> str:
    return folder.migrated.read_text(encoding="utf-8") if folder.migrated.exists() else ""


def migrations_digest() -> str:
    """Return what changes with any migration of ours or of a package, and with what follows it."""
    total = hashlib.sha256()
    lock = PROJECT / "config" / "requirements" / "base.txt"
    patterns = ("*/migrations/*.py", "*/library/*", "*/services/library.py")
    found = (path for pattern in patterns for path in PROJECT.glob(pattern) if path.is_file())
    for path in [lock, *sorted(found)]:
        total.update(str(path.relative_to(PROJECT)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()
