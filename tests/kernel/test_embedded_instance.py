"""What an instance is made of, who may run it, and one whole life of it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from kernel.embedded import prepare as preparation
from kernel.embedded.commands import CommandFailed, run_command
from kernel.embedded.environment import python
from kernel.embedded.instance import (
    AlreadyRunning,
    assemble,
    find_state,
    is_locked,
    locked,
    wait_for_end,
    write_state,
)
from kernel.embedded.paths import DEFAULT_DATA, PROJECT, DataFolder, data_folder
from kernel.embedded.ports import LOOPBACK, choose_ports, is_free
from kernel.embedded.processes import programs
from kernel.embedded.supervisor import Supervisor

SERVERS = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL")


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    with tempfile.TemporaryDirectory(prefix="patron test ", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o711)
        folder = DataFolder(Path(path).resolve())
        folder.create()
        yield folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no server and no setting of ours."""
    for name in list(os.environ):
        if name in SERVERS or name.startswith("PATRON_") or name == "DJANGO_SETTINGS_MODULE":
            monkeypatch.delenv(name)


def test_the_data_folder_is_the_one_that_was_named(tmp_path: Path) -> None:
    assert data_folder(None).root == DEFAULT_DATA.resolve()
    assert data_folder(tmp_path / "x" / ".." / "y").root == tmp_path.resolve() / "y"


def test_only_one_process_runs_servers_in_a_folder(folder: DataFolder) -> None:
    assert not is_locked(folder)
    with locked(folder):
        assert is_locked(folder)
        assert not wait_for_end(folder, seconds=0)
        with pytest.raises(AlreadyRunning), locked(folder):
            pass
    assert wait_for_end(folder, seconds=0)


@pytest.mark.usefixtures("bare")
def test_by_default_every_server_is_embedded(folder: DataFolder) -> None:
    parts = assemble(folder, 8123)

    assert all((parts.postgres, parts.valkey, parts.mail_sink))
    assert parts.env["PATRON_PUBLIC_URL"] == "http://127.0.0.1:8123"
    assert parts.env["PATRON_EMBEDDED"] == "1"
    assert parts.env["DATABASE_URL"].startswith("postgres://patron_owner:")
    assert assemble(folder, 8123).env == parts.env


@pytest.mark.usefixtures("bare")
def test_a_server_that_the_environment_names_takes_the_place(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {name: f"{name.lower()}://elsewhere" for name in SERVERS}
    for name, address in named.items():
        monkeypatch.setenv(name, address)

    parts = assemble(folder, 8123)

    assert (parts.postgres, parts.valkey, parts.mail_sink) == (None, None, None)
    assert {name: parts.env[name] for name in SERVERS} == named
    assert "PATRON_SUPERUSER_URL" not in parts.env
    assert "PATRON_EMBEDDED" not in parts.env


@pytest.mark.usefixtures("bare")
def test_a_variable_that_is_set_to_nothing_counts_as_not_set(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("DATABASE_URL", "")

    parts = assemble(folder)

    assert parts.env["SECRET_KEY"] == json.loads(folder.secrets.read_text())["secret_key"]
    assert parts.postgres is not None


@pytest.mark.usefixtures("bare")
def test_what_an_instance_says_of_itself_is_for_its_user_alone(folder: DataFolder) -> None:
    parts = assemble(folder, 8123)

    write_state(folder, parts, is_ready=True, is_supervised=True)

    state = find_state(folder)
    assert state is not None
    assert (state.pid, state.url) == (os.getpid(), "http://127.0.0.1:8123")
    assert state.env["DATABASE_URL"] == parts.env["DATABASE_URL"]
    assert "PATH" not in state.env
    assert folder.state.stat().st_mode & 0o777 == 0o600
    assert assemble(folder).env["PATRON_PUBLIC_URL"] == "http://127.0.0.1:8123"


def test_a_state_that_cannot_be_read_is_none(folder: DataFolder) -> None:
    assert find_state(folder) is None
    folder.state.write_text('{"pid": 1}')
    assert find_state(folder) is None


def test_the_simulator_runs_with_the_demo_only(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.embedded.processes.has_command", lambda name: True)
    usual = ["web", "worker", "worker-sync", "beat"]

    with_demo = programs(folder, {}, port=8000, with_demo=True)
    without = programs(folder, {}, port=8000, with_demo=False)

    assert [program.name for program in with_demo] == [*usual, "simulator"]
    assert [program.name for program in without] == usual


@pytest.mark.usefixtures("bare")
def test_migrations_that_the_database_has_seen_are_not_run_again(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(
        preparation, "run_command", lambda command, env, show: ran.append(" ".join(command))
    )
    parts = assemble(folder)

    for _ in range(2):
        preparation.prepare(folder, parts, with_demo=False)

    assert [("migrate" in line, "bootstrap" in line) for line in ran] == [
        (False, True),
        (True, False),
        (False, True),
    ]


def test_a_command_that_fails_tells_its_last_lines() -> None:
    shown: list[str] = []

    with pytest.raises(CommandFailed, match="the reason"):
        run_command(python("-c", "print('the reason'); raise SystemExit(3)"), {}, shown.append)

    assert shown == ["the reason"]


@pytest.mark.usefixtures("bare")
def test_a_port_in_use_is_said_before_anything_starts(folder: DataFolder) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = call("up", "--data", str(folder.root), "--no-demo", "--port", str(port))

    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
    assert not folder.postgres.exists()


@pytest.mark.usefixtures("bare")
def test_an_instance_lives_through_kills_and_stops_at_a_word(folder: DataFolder) -> None:
    port = choose_ports(folder.root / "web", ("web",))["web"]
    data = ("--data", str(folder.root))
    up = call("up", *data, "--port", str(port), "--no-demo", "--detach")
    assert f"Patron is ready at http://127.0.0.1:{port}" in up.stdout, up.stdout + up.stderr
    assert ready(port)

    again = call("up", *data, "--port", str(port), "--no-demo")
    assert again.returncode == 1
    assert f"already runs at http://127.0.0.1:{port}" in again.stderr
    shown = call("manage", *data, "shell", "--no-imports", "-c", "print('in the shell')")
    assert shown.stdout == "in the shell\n"

    state = find_state(folder)
    assert state is not None
    for pid in children_of(state.pid):
        os.kill(pid, signal.SIGKILL)
    assert Supervisor().run_until(lambda: ready(port), seconds=600)

    down = call("down", *data)
    assert down.stdout == "Patron has stopped.\n"
    assert not is_locked(folder)
    assert is_free(port)
    assert children_of(state.pid) == []
    assert call("down", *data).stdout == f"Nothing runs with the data in {folder.root}.\n"


def call(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        python("-m", f"kernel.embedded.{name}", *arguments),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def ready(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []
