"""A migrated PostgreSQL cluster, kept for the tests and benchmarks that each start from a copy.

Migrating from nothing takes longer than most tests. So it is done once for each state of the
migrations, and the stopped cluster is kept in the project's folder.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from kernel.embedded.commands import run_command
from kernel.embedded.console import step
from kernel.embedded.environment import inherited, manage
from kernel.embedded.instance import DATABASE, OWNER
from kernel.embedded.paths import PROJECT, DataFolder
from kernel.embedded.ports import choose_ports
from kernel.embedded.postgres import TEST_SETTINGS, Server, find_home
from kernel.embedded.prepare import migrations_digest
from kernel.embedded.secrets import new_secrets
from kernel.postgres.bootstrap import bootstrap

CACHE = PROJECT / ".cache"
TEMPLATE = "patron_template"
"""The same once more: a database that somebody works in cannot be copied."""
KEPT = 3
"""Clusters of other states of the migrations that stay, for whoever goes back and forth."""


def copy_cluster(target: Path) -> None:
    """Make a cluster whose databases `DATABASE` and `TEMPLATE` are migrated and empty.

    Every log-in to it is trusted. The first call after a change of the migrations takes as long
    as they do, a second one at the same time waits for it.

    Args:
        target: must not exist; its parent must.

    Raises:
        CommandFailed: the migrations do not run.
    """
    CACHE.mkdir(exist_ok=True)
    with _alone():
        kept = CACHE / f"cluster-{_digest()}"
        if kept.exists():
            os.utime(kept)
        else:
            with step("Migrating the database that tests copy"):
                _make(kept)
            _forget_old()
        _copy(kept, target)


@contextmanager
def _alone() -> Iterator[None]:
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _digest() -> str:
    """Return what changes with the migrations, with what they are made of, and with the user."""
    total = hashlib.sha256(f"{migrations_digest()} {os.geteuid()}".encode())
    kernel = PROJECT / "kernel"
    for path in sorted({Path(__file__), *kernel.glob("*.py"), *kernel.glob("postgres/*.py")}):
        total.update(str(path.relative_to(PROJECT)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def _make(kept: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="patron-cluster-") as path:
        folder = DataFolder(Path(path).resolve())
        folder.root.chmod(0o711)  # the database server's account must get through
        folder.create()
        port = choose_ports(folder.root, ("postgres",))["postgres"]
        log = folder.logs / "postgres.log"
        server = Server(find_home(folder), port, "", log, TEST_SETTINGS)
        child = server.start()
        try:
            _migrate(server)
        finally:
            child.stop()
        fresh = kept.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        _copy(server.home.cluster, fresh)
        fresh.rename(kept)
        if server.home.cluster.parent != folder.root:
            shutil.rmtree(server.home.cluster.parent)


def _migrate(server: Server) -> None:
    bootstrap(server.superuser_url, server.url(OWNER, "", TEMPLATE))
    secrets = new_secrets()
    env = {
        **inherited(),
        "SECRET_KEY": secrets.secret_key,
        "PATRON_ENCRYPTION_KEYS": secrets.encryption_keys,
        "PATRON_EMBEDDED": "1",
        "DATABASE_URL": server.url(OWNER, "", TEMPLATE),
    }
    run_command(manage("migrate", "--no-input", "--skip-checks"), env, lambda line: None)
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                *(sql.Identifier(name) for name in (DATABASE, TEMPLATE, OWNER))
            )
        )


def _copy(source: Path, target: Path) -> None:
    """Copy a stopped cluster with the owners of its files."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)  # noqa: S607 of any system


def _forget_old() -> None:
    found = sorted(CACHE.glob("cluster-*"), key=lambda path: path.stat().st_mtime)
    for path in found[:-KEPT]:
        shutil.rmtree(path)
