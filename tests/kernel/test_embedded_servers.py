"""Real servers in a temporary folder, killed the hard way."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from kernel.embedded import postgres
from kernel.embedded.accounts import Account, can_enter, server_account
from kernel.embedded.children import Child, Program
from kernel.embedded.leftovers import MARKER, end_backends, end_supervised
from kernel.embedded.paths import DataFolder
from kernel.embedded.ports import choose_ports
from kernel.embedded.postgres import SERVING_SETTINGS, Server, find_home
from kernel.embedded.secrets import load_secrets
from kernel.embedded.supervisor import Supervisor
from kernel.embedded.valkey import Valkey

LINGER = "import signal; signal.alarm(600); signal.pause()"
"""Waits for whoever ends it; one that every test forgot ends by itself."""
PATIENCE = 120
"""Seconds until a process of a slow machine must have done what it was made to do."""
LINGERER = (sys.executable, "-c", LINGER)


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    """A data folder that the account of the database server can enter."""
    with tempfile.TemporaryDirectory(prefix="patron-test-") as path:
        Path(path).chmod(0o711)
        folder = DataFolder(Path(path))
        folder.create()
        yield folder


@pytest.fixture
def server(folder: DataFolder) -> Server:
    port = choose_ports(folder.root, ("postgres",))["postgres"]
    settings = {**SERVING_SETTINGS, "shared_buffers": "1MB", "max_connections": "10"}
    log = folder.logs / "postgres.log"
    return Server(find_home(folder), port, "a-password", log, settings)


def ask(server: Server, question: str) -> object:
    with psycopg.connect(server.superuser_url, connect_timeout=5) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row and row[0]


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def kill_postmaster_under_a_busy_backend(server: Server, child: Child) -> int:
    """Return the backend that outlives its server, as it does when it is busy."""
    connection = psycopg.connect(server.superuser_url)
    backend = connection.info.backend_pid
    os.kill(backend, signal.SIGSTOP)  # too busy to notice
    os.kill(child.pid, signal.SIGKILL)
    child.wait_or_kill()
    connection.close()
    return backend


def test_a_server_takes_its_password_only_and_keeps_its_rows(server: Server) -> None:
    child = server.start()
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url(postgres.SUPERUSER, "wrong", "postgres"))
    child.stop()

    again = server.start()
    assert ask(server, "SELECT value FROM kept") == 7
    again.stop()
    assert child.exit_status == again.exit_status == 0


def test_an_orphan_of_a_killed_server_is_ended_and_the_next_start_recovers(server: Server) -> None:
    child = server.start()
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    orphan = kill_postmaster_under_a_busy_backend(server, child)
    assert is_alive(orphan)

    again = server.start()

    assert not is_alive(orphan)
    assert ask(server, "SELECT value FROM kept") == 7
    again.stop()


def test_orphans_of_another_cluster_are_left_alone(server: Server, tmp_path: Path) -> None:
    child = server.start()

    assert end_backends(tmp_path) == []
    assert ask(server, "SELECT 1") == 1
    child.stop()


def test_the_supervisor_starts_a_killed_server_again(server: Server) -> None:
    supervisor = Supervisor()
    child = server.start()
    supervisor.adopt(child)
    os.kill(child.pid, signal.SIGKILL)
    child.wait_or_kill()

    def answers() -> bool:
        try:
            return ask(server, "SELECT 1") == 1
        except psycopg.OperationalError:
            return False

    assert supervisor.run_until(answers, seconds=PATIENCE)
    supervisor.stop()
    assert end_backends(server.home.cluster) == []


def test_valkey_keeps_what_it_was_told_over_a_kill(folder: DataFolder) -> None:
    port = choose_ports(folder.root, ("redis",))["redis"]
    valkey = Valkey(folder.valkey, port, "a-password", folder.logs / "valkey.log")
    child = valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        client.set("ring", "1")
    os.kill(child.pid, signal.SIGKILL)
    child.wait_or_kill()

    again = valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("ring") == b"1"
    with pytest.raises(redis.AuthenticationError), redis.Redis(port=port) as stranger:
        stranger.ping()
    again.stop()


def test_a_program_that_ended_takes_its_own_children_along(folder: DataFolder) -> None:
    parent = f"import subprocess, sys; subprocess.Popen(sys.argv[1:]); {LINGER}"
    child = Child(
        Program(
            name="parent",
            command=(sys.executable, "-c", parent, *LINGERER),
            env={MARKER: str(folder.root)},
            log=folder.logs / "parent.log",
        )
    )
    child.wait_until(lambda: len(_children_of(child.pid)) == 1, seconds=PATIENCE)
    grandchild = _children_of(child.pid)[0]

    os.kill(child.pid, signal.SIGKILL)
    child.wait_or_kill()

    assert Supervisor().run_until(lambda: not is_alive(grandchild), seconds=PATIENCE)


def test_programs_of_a_dead_supervisor_are_ended_at_the_next_start(folder: DataFolder) -> None:
    left = subprocess.Popen(LINGERER, env={MARKER: str(folder.root)})
    other = subprocess.Popen(LINGERER, env={MARKER: f"{folder.root}-other"})
    # A program that has just started says nothing of its environment for a moment.
    assert Supervisor().run_until(
        lambda: all(_says_its_environment(one.pid) for one in (left, other)), seconds=PATIENCE
    )

    assert end_supervised(folder.root) == [left.pid]

    assert left.wait(PATIENCE) == -signal.SIGTERM
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_program_dies_with_the_process_that_started_it(folder: DataFolder) -> None:
    script = (
        "from pathlib import Path;"
        "from kernel.embedded.children import Child, Program;"
        f"c = Child(Program('x', {LINGERER!r}, {{}}, Path({str(folder.logs / 'x.log')!r})));"
        f"print(c.pid, flush=True); {LINGER}"
    )
    starter = subprocess.Popen((sys.executable, "-c", script), stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert is_alive(pid)

    starter.kill()
    starter.wait()
    starter.stdout.close()

    assert Supervisor().run_until(lambda: not is_alive(pid), seconds=PATIENCE)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="not run by root, who alone steps down to another account"
)
def test_a_folder_that_the_account_cannot_enter_gets_a_state_folder_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: DataFolder
) -> None:
    hidden = DataFolder(tmp_path / "hidden" / "data")
    hidden.create()
    (tmp_path / "hidden").chmod(0o700)
    monkeypatch.setattr(postgres, "STATE_ROOTS", (folder.root,))

    home = find_home(hidden)

    assert home.cluster.parent.parent == folder.root
    assert hidden.postgres_pointer.read_text().strip() == str(home.cluster.parent)
    assert find_home(hidden) == home
    assert can_enter(server_account(), home.cluster.parent)

    (home.cluster.parent / "old").touch()
    hidden.postgres_pointer.unlink()
    load_secrets(hidden.secrets)
    assert find_home(hidden) == home
    assert (home.cluster.parent / "old").exists()

    hidden.postgres_pointer.unlink()
    hidden.secrets.unlink()
    assert find_home(hidden) == home
    assert not (home.cluster.parent / "old").exists()


def test_an_ordinary_user_needs_no_other_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert isinstance(server_account(), Account)


def _says_its_environment(pid: int) -> bool:
    return Path(f"/proc/{pid}/environ").read_bytes() != b""


def _children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []
