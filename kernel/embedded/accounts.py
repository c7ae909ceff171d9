"""Which account the database server runs under: PostgreSQL refuses root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

# Debian, Fedora and Alpine all have it; the number is the kernel's overflow id elsewhere.
UNPRIVILEGED = "nobody"
OVERFLOW_ID = 65_534


class Identity(TypedDict, total=False):
    """Arguments of `subprocess` that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """An account that root steps down to."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the account for servers that refuse root; None when this is not root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        return Account(OVERFLOW_ID, OVERFLOW_ID)
    return Account(entry.pw_uid, entry.pw_gid)


def identity(account: Account | None) -> Identity:
    """Return what `subprocess` needs to run as the account; nothing for our own."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_enter(account: Account | None, folder: Path) -> bool:
    """Whether the account may walk into the folder, asked of the kernel itself."""
    script = 'cd -- "$1" 2>/dev/null'
    command = ["/bin/sh", "-c", script, "sh", str(folder)]
    return subprocess.run(command, cwd="/", check=False, **identity(account)).returncode == 0


def can_run(account: Account | None, program: Path) -> bool:
    """Whether the account may read and start the program."""
    script = 'test -r "$1" && test -x "$1"'
    command = ["/bin/sh", "-c", script, "sh", str(program)]
    return subprocess.run(command, cwd="/", check=False, **identity(account)).returncode == 0


def give(account: Account | None, path: Path) -> None:
    """Make the account the owner of a path; nothing when it is our own."""
    if account is not None:
        os.chown(path, account.uid, account.gid)
