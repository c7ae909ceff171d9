"""A migrated PostgreSQL cluster, kept for the tests and benchmarks that each start from a copy.

Migrating from nothing takes longer than most tests. So it is done once for each state of the
migrations, and the stopped cluster is kept in the project's folder. Where migrations were only
added since, the next one goes on from it.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
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
from kernel.embedded.secrets import new_secrets
from kernel.postgres.bootstrap import bootstrap

CACHE = PROJECT / ".cache"
MADE_FROM = (
    "*/migrations/*.py",
    "config/requirements/base.txt",
    "kernel/migrations.py",
    "kernel/scope.py",
    "kernel/tenancy.py",
    "kernel/postgres/*.py",
)
"""The migrations, the packages, some with migrations of their own, and what makes the tables."""
TEMPLATE = "patron_template"
"""The same once more: a database that somebody works in cannot be copied."""
KEPT = 3
"""Clusters of other states of the migrations that stay, for whoever goes back and forth."""
CLUSTER = "postgres"
MADE_OF = "made-of.json"
"""In the folder of a cluster: the digest of each file that it follows from, by path."""


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
        made_of = _made_of()
        kept = CACHE / f"cluster-{_digest(made_of)}"
        if kept.exists():
            os.utime(kept)
        else:
            with step("Migrating the database that tests copy"):
                _make(kept, made_of, _find_base(made_of))
            _forget_old()
        _copy(kept / CLUSTER, target)


@contextmanager
def _alone() -> Iterator[None]:
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _made_of() -> dict[str, str]:
    """Return the digest of each migration and of what migrations are made of, by path."""
    files = (path for pattern in MADE_FROM for path in PROJECT.glob(pattern))
    return {
        str(path.relative_to(PROJECT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
    }


def _digest(made_of: Mapping[str, str]) -> str:
    """Return what changes with the files, and with the user, whom the cluster belongs to."""
    told = json.dumps([made_of, os.geteuid()], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _find_base(made_of: Mapping[str, str]) -> Path | None:
    """Return the newest cluster of our user to which files were only added since."""
    for path in reversed(_by_age()):
        before = json.loads((path / MADE_OF).read_text(encoding="utf-8"))
        if path.stat().st_uid == os.geteuid() and before.items() <= made_of.items():
            return path
    return None


def _make(kept: Path, made_of: Mapping[str, str], base: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="patron-cluster-") as path:
        folder = DataFolder(Path(path).resolve())
        folder.root.chmod(0o711)  # the database server's account must get through
        folder.create()
        port = choose_ports(folder.root, ("postgres",))["postgres"]
        log = folder.logs / "postgres.log"
        server = Server(find_home(folder), port, "", log, TEST_SETTINGS)
        if base:
            _copy(base / CLUSTER, server.home.cluster)
        child = server.start()
        try:
            _migrate(server)
        finally:
            child.stop()
        fresh = kept.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        _copy(server.home.cluster, fresh / CLUSTER)
        (fresh / MADE_OF).write_text(json.dumps(made_of), encoding="utf-8")
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
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(DATABASE)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                *(sql.Identifier(name) for name in (DATABASE, TEMPLATE, OWNER))
            )
        )


def _copy(source: Path, target: Path) -> None:
    """Copy a stopped cluster with the owners of its files."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)  # noqa: S607 of any system


def _by_age() -> list[Path]:
    """Return the clusters that are kept, the one that was used last at the end."""
    whole = (path.parent for path in CACHE.glob(f"cluster-*/{MADE_OF}"))
    return sorted(whole, key=lambda path: path.stat().st_mtime)


def _forget_old() -> None:
    stay = set(_by_age()[-KEPT:])
    for path in set(CACHE.glob("cluster-*")) - stay:
        shutil.rmtree(path)
