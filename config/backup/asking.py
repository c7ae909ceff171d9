"""How the commands get a passphrase, and how they show their work."""

import contextlib
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.backup.archive import BackupError
from kernel.embedded.console import Step, step

VARIABLE = "PATRON_BACKUP_PASSPHRASE"


def get_passphrase(file: str, *, twice: bool) -> str:
    """Return the passphrase from a file, the environment or the terminal, in this order.

    Args:
        file: path; empty for none.
        twice: ask again, so that no slip of the finger locks the keys away.

    Raises:
        BackupError: the file cannot be read, there is nobody to ask, or two answers differ.
    """
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise BackupError(f"{file} cannot be read: {exc.strerror}") from exc
    if given := os.environ.get(VARIABLE, ""):
        return given
    if not sys.stdin.isatty():
        raise BackupError(f"name a file with --passphrase-file, or set {VARIABLE}")
    passphrase = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("Once more: ") != passphrase:
        raise BackupError("the two passphrases differ")
    return passphrase


@contextmanager
def show(title: str) -> Iterator[Step]:
    """Show a piece of work where people watch; a log gets nothing from it."""
    if sys.stdout.isatty():
        with step(title) as current:
            yield current
    else:
        with contextlib.nullcontext(_Silent(title)) as silent:
            yield silent


class _Silent(Step):
    def advance(self, done: int, total: int, word: str = "") -> None:
        """Say nothing."""
