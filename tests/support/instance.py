"""A whole instance of its own, started and stopped as people do."""

import http.client
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import pytest

from kernel.embedded.clusters import copy_cluster
from kernel.embedded.environment import python
from kernel.embedded.instance import find_state
from kernel.embedded.paths import PROJECT, DataFolder
from kernel.embedded.ports import LOOPBACK, choose_ports
from kernel.embedded.postgres import find_home
from kernel.embedded.prepare import migrations_digest
from tests.support.shell import Shell

PATIENCE_SECONDS = 120
"""How long the slowest machine may take for an answer."""
POLL_SECONDS = 0.02
LOOKS_ALIKE = 3
"""After so many, a second and more apart, no worker that lives has what is left."""
Seen = TypeVar("Seen")

COMMAND = "from django.core.management import call_command; call_command(*{words!r}, '--json')"
END_LEASES = """
from django.db import transaction
from kernel import clock
from kernel.scope import tenant_scope
from messaging.models import Message
from tenants.models import Tenant
with tenant_scope(Tenant.objects.get(slug={slug!r}).pk), transaction.atomic():
    Message.objects.filter(status='sending').update(due_at=clock.now())
"""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance.

    Attributes:
        folder: its data folder.
        port: of its pages.
        shell: of somebody who works in it.
    """

    folder: DataFolder
    port: int
    shell: Shell

    def manage(self, *arguments: str) -> Any:
        """Run a management command and return the JSON object of its last line."""
        return json.loads(self.run(COMMAND.format(words=arguments)))

    def run(self, code: str) -> str:
        """Run Python in the instance, as somebody at its shell does; returns its last line."""
        return (self.shell.run(code).strip().splitlines() or [""])[-1]

    def end_leases(self, slug: str) -> None:
        """Let the two minutes pass for which the messages of a killed worker are left alone.

        Call it for messages that nobody works on any more: others would be taken away.
        """
        self.run(END_LEASES.format(slug=slug))

    def settle(
        self,
        slug: str,
        look: Callable[[], Seen],
        is_over: Callable[[Seen], bool],
        *,
        seconds: float,
    ) -> Seen:
        """Wait for a recovery; what killed workers held is let go when nothing moves any more.

        Args:
            slug: of the tenant whose messages they held.
            look: works off what is due and says what became of everything.
            is_over: whether nothing is left by what it said.
            seconds: how long it may take.

        Returns:
            What it said last.
        """
        until, seen, alike = time.monotonic() + seconds, None, 0
        while time.monotonic() < until:
            time.sleep(1)
            if not self.is_ready():  # PostgreSQL was killed a moment ago
                continue
            before, seen = seen, look()
            if is_over(seen):
                return seen
            alike = alike + 1 if seen == before else 0
            if alike == LOOKS_ALIKE:
                self.end_leases(slug)
                alike = 0
        pytest.fail(f"work was left after the recovery: {str(seen)[:6_000]}")

    def get(self, path: str, key: str = "") -> Any:
        """Return the JSON of an address; raises when it is not answered with 200."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == HTTPStatus.OK, (path, answer.status, self.last_lines("web"))
        return json.loads(body)

    def post(self, path: str, key: str, told: Any) -> Any:
        """Post JSON to an address of the REST API and return what it answers."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_SECONDS)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(told), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status in (HTTPStatus.OK, HTTPStatus.CREATED), (path, answer.status, body)
        return json.loads(body)

    def is_ready(self) -> bool:
        """Say whether the instance calls itself able to work."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def last_lines(self, process: str, *, size: int = 6_000) -> str:
        """Return the end of what a process logged, for the message of a failed test."""
        file = self.folder.logs / f"{process}.log"
        return file.read_text(errors="replace")[-size:] if file.exists() else f"no {file.name}"

    def list_all(self, path: str, key: str) -> list[Any]:
        """Return every result of a list of the REST API, page after page."""
        found: list[Any] = []
        address: str | None = f"{path}?limit=200"
        while address:
            page = self.get(address, key)
            found += page["results"]
            address = page["next"] and page["next"][page["next"].index("/api/") :]
        return found

    def kill(self, word: str) -> int:
        """Kill -9 every child with a word in its command, once there is one; returns how many."""
        state = find_state(self.folder)
        assert state is not None
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            hit = [pid for pid in _children(state.pid) if word in _command_line(pid)]
            for pid in hit:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if hit:
                return len(hit)
            time.sleep(POLL_SECONDS)
        return 0

    def kill_any(self, word: str, lots: random.Random) -> int:
        """Kill -9 one process with a word in its command, those of a pool included, by lot.

        Returns:
            Its id; 0 when there was none just then.
        """
        state = find_state(self.folder)
        assert state is not None
        hit = [pid for pid in _descendants(state.pid) if word in _command_line(pid)]
        if not hit:
            return 0
        pid = lots.choice(hit)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return 0
        return pid


@contextmanager
def running_instance() -> Iterator[Instance]:
    """Start an instance without demo in a folder of its own, and stop it in the end.

    Its database is migrated already; `tests.kernel.test_embedded_instance` starts from nothing.
    """
    with tempfile.TemporaryDirectory(prefix="patron-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o711)
        folder = DataFolder(Path(path).resolve())
        copy_cluster(find_home(folder).cluster)
        folder.migrated.write_text(migrations_digest(), encoding="utf-8")
        # Not where its own servers look first, nor where another instance does.
        port = choose_ports(folder.root / "web", ("web",))["web"]
        data = ("--data", str(folder.root))
        up = call("up", *data, "--port", str(port), "--no-demo", "--detach")
        assert up.returncode == 0, up.stdout + up.stderr
        shell = Shell(("--data", str(folder.root)), own_environment(), folder.logs / "shell.log")
        try:
            yield Instance(folder, port, shell)
        finally:
            shell.close()
            call("down", *data)


def call(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the launchers' programs without the servers of this test run."""
    return subprocess.run(
        python("-m", f"kernel.embedded.{name}", *arguments),
        cwd=PROJECT,
        env=own_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def own_environment() -> dict[str, str]:
    """Return the environment of somebody who knows nothing of this test run."""
    return {name: value for name, value in os.environ.items() if not _is_ours(name)}


def _is_ours(name: str) -> bool:
    given = {"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    return name in given or name.startswith("PATRON_")


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _descendants(pid: int) -> list[int]:
    found = _children(pid)
    for child in found:  # grows meanwhile
        found += _children(child)
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
