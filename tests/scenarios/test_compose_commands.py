"""The very commands of the compose file, on the servers of the test run instead of containers."""

import http.client
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis

from kernel import clock
from kernel.embedded.paths import PROJECT
from kernel.embedded.ports import LOOPBACK, choose_ports
from stores.simulator.payloads import Post
from stores.simulator.sender import Sender
from tests.support.compose import DOCKERFILE, Host, address, read_services, write_env
from tests.support.shopify import simple_order

DOMAIN = "patron.example.com"
BROKER_DATABASE = "/15"
PATIENCE_SECONDS = 600
RUNNING = ("web", "worker-messages", "worker-flows", "worker-sync", "beat")
pytestmark = pytest.mark.covers("C6", "O4", "O8")


@dataclass(frozen=True, slots=True)
class Running:
    """All services of the file, started.

    Attributes:
        host: the places of the test run.
        port: of the web pages.
        migrations: what the two runs of `migrate` printed.
        logs: folder with one file per service.
    """

    host: Host
    port: int
    migrations: list[str]
    logs: Path

    def check(self, name: str) -> int:
        """Run the health check of a service and return its exit status."""
        service = read_services()[name]
        words = service["healthcheck"]["test"][1:]
        if name == "web":
            words = [*words, str(self.port)]
        return self.host.run(service, words).returncode

    def manage(self, *words: str) -> str:
        done = self.host.run(read_services()["web"], ["python", "manage.py", *words])
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=120)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(connection):
            connection.request("GET", path, headers={"Host": DOMAIN, **sent})
            answer = connection.getresponse()
            answer.read()
            return answer

    def ask(self, name: str, question: Callable[[], int], *, until: int) -> int:
        """Ask until the answer is the one that is waited for; return the last answer.

        The end of a service's log is printed when patience ends first.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := question()) != until:
            if time.monotonic() > deadline:
                log = self.logs / f"{name}.log"
                sys.stdout.write(f"{name}: {log.read_text()[-3000:] if log.exists() else ''}")
                break
            time.sleep(0.2)
        return answer

    def come_up(self, name: str) -> int:
        """Wait until a service is well by its own check; return the status of the last one."""
        return self.ask(name, lambda: self.check(name), until=0)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Migrate twice, then start every service at once, and stop all of them in the end."""
    services = read_services()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="patron-")))
        port = choose_ports(folder, ("web",))["web"]
        host = _host(folder, port)
        _collect(host)
        _forget_database()
        stack.callback(_forget_database)
        printed = []
        for _ in range(2):
            done = host.run(services["migrate"], services["migrate"]["command"])
            assert done.returncode == 0, done.stdout + done.stderr
            printed.append(done.stdout + done.stderr)
        found = Running(host, port, printed, folder)
        processes = [
            stack.enter_context(host.running(services[name], folder / f"{name}.log"))
            for name in RUNNING
        ]
        yield found
        for process in processes:
            process.terminate()
        assert [process.wait(PATIENCE_SECONDS) for process in processes] == [0] * len(RUNNING)


def _host(folder: Path, port: int) -> Host:
    settings = write_env(folder / ".env", DOMAIN)
    broker = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=BROKER_DATABASE))
    with redis.Redis.from_url(broker) as client:
        client.flushdb()
    inside = f"redis://:{settings['PATRON_REDIS_PASSWORD']}@redis:6379/0"
    return Host(
        settings,
        {
            inside: broker,
            "postgres:5432": address(os.environ["DATABASE_URL"]),
            "/patron/static": str(folder / "static"),
            "/data": str(folder),
            "--host=0.0.0.0": f"--host={LOOPBACK}",
            "--port=8000": f"--port={port}",
        },
    )


def _collect(host: Host) -> None:
    """Collect static files by the line of the Dockerfile."""
    line = re.search(r"python (manage\.py collectstatic .+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert line is not None
    done = host.run(read_services()["web"], ["python", *line.group(1).split()])
    assert done.returncode == 0, done.stderr


def _forget_database() -> None:
    with psycopg.connect(os.environ["PATRON_SUPERUSER_URL"], autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS patron WITH (FORCE)")


def test_migrating_again_changes_nothing(running: Running) -> None:
    first, again = running.migrations
    assert "Applying crm.0001_initial... OK" in first
    assert "No migrations to apply" in again
    assert "System check identified no issues" in first


def test_the_settings_are_found_fit_to_be_deployed(running: Running) -> None:
    service = read_services()["web"]
    words = ["python", "manage.py", "check", "--deploy", "--database", "default"]
    done = running.host.run(service, [*words, "--fail-level", "WARNING"])
    assert "System check identified no issues" in done.stdout, done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["web", "worker-sync", "beat"])
def test_no_service_works_with_a_wrong_setting(running: Running, name: str) -> None:
    service = read_services()[name]
    settings = {**running.host.settings, "ALLOWED_HOSTS": "*"}
    host = Host(settings, {**running.host.replaced, f"--port={running.port}": "--port=1"})
    with host.running(service, running.logs / "wrong.log") as process:
        assert process.wait(PATIENCE_SECONDS) != 0
    assert "patron.E003" in (running.logs / "wrong.log").read_text()


@pytest.mark.parametrize("name", RUNNING)
def test_every_service_is_well_by_its_own_check(running: Running, name: str) -> None:
    assert running.come_up(name) == 0


def test_the_check_of_a_worker_that_is_not_there_fails(running: Running) -> None:
    service = read_services()["worker-sync"]
    words = ["python", "-m", "config.healthcheck", "worker", "nobody"]
    assert running.host.run(service, words).returncode == 1


def test_http_is_led_to_https_and_https_by_the_proxy_is_served(running: Running) -> None:
    assert running.come_up("web") == 0
    plain = running.get("/accounts/login/")
    assert (plain.status, plain.headers["Location"]) == (301, f"https://{DOMAIN}/accounts/login/")

    page = running.get("/accounts/login/", X_Forwarded_Proto="https", X_Forwarded_For="192.0.2.1")

    assert page.status == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = str(page.headers["Set-Cookie"])
    assert cookie.startswith("__Host-csrftoken=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert (
        running.get("/accounts/login/", Host="evil.example", X_Forwarded_Proto="https").status
        == 400
    )


def test_files_with_a_hash_are_kept_for_ever_and_sent_small(running: Running) -> None:
    assert running.come_up("web") == 0
    manifest = json.loads((PROJECT / "static/dist/.vite/manifest.json").read_text())
    main = next(entry["file"] for entry in manifest.values() if entry.get("isEntry"))

    script = running.get(f"/static/{main}", Accept_Encoding="gzip", X_Forwarded_Proto="https")
    icon = running.get("/static/icon.svg", X_Forwarded_Proto="https")

    assert script.status == icon.status == 200
    assert script.headers["Content-Encoding"] == "gzip"
    assert script.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert "immutable" not in icon.headers["Cache-Control"]


def test_an_order_that_is_posted_is_worked_off_by_the_workers(running: Running) -> None:
    assert running.come_up("web") == 0
    given = ("--currency", "GBP", "--timezone", "Europe/London", "--owner-email", "a@example.com")
    running.manage("create_tenant", "--name", "Ada", *given, "--owner-password", "correct horse 9")
    store = ("--platform", "shopify", "--name", "Ada", "--secret", "a secret")
    printed = running.manage("connect_store", "--tenant", "ada", *store, "--json")
    shop: dict[str, Any] = json.loads(printed.splitlines()[-1])
    assert shop["webhook_url"].startswith(f"https://{DOMAIN}/webhooks/shopify/")
    path = urlsplit(shop["webhook_url"]).path
    sender = Sender(f"http://{LOOPBACK}:{running.port}{path}", "a secret", "ada.example")

    sender.send(Post(clock.now(), "orders/create", simple_order(1), "delivery-1"))
    sender.close()

    assert running.ask("worker-messages", lambda: _rows("crm_order"), until=1) == 1
    assert running.ask("worker-messages", lambda: _rows("crm_reaction"), until=0) == 0


def _rows(table: str) -> int:
    owner = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/patron"))
    with psycopg.connect(owner) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608 a table of ours
    return int(row[0]) if row else 0
