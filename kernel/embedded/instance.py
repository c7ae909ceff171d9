"""One instance: its lock, what it runs on, and the environment of its processes."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from kernel.embedded.children import Program
from kernel.embedded.environment import inherited
from kernel.embedded.leftovers import MARKER
from kernel.embedded.mailsink import sink_program
from kernel.embedded.paths import DataFolder
from kernel.embedded.ports import LOOPBACK, choose_ports
from kernel.embedded.postgres import Server, find_home, serving_settings
from kernel.embedded.secrets import load_secrets
from kernel.embedded.valkey import Valkey

OWNER = "patron_owner"
DATABASE = "patron"
DEFAULT_PORT = 8000
POLL_SECONDS = 0.1


class AlreadyRunning(Exception):
    """Another process works on this data folder."""


@dataclass(frozen=True)
class State:
    """What an instance says about itself while it runs.

    Attributes:
        pid: of the supervisor, or of the command that holds the servers for itself.
        is_ready: the servers are up and migrated, and the page answers.
        is_supervised: started by `bin/up`, and not by a single command.
        env: what another process must set to work on the instance.
    """

    pid: int
    is_ready: bool
    is_supervised: bool
    env: dict[str, str]

    @property
    def url(self) -> str:
        return self.env["PATRON_PUBLIC_URL"]


@dataclass(frozen=True)
class Parts:
    """What an instance is made of; None where a real server takes the part."""

    postgres: Server | None
    valkey: Valkey | None
    mail_sink: Program | None
    env: dict[str, str]

    def shared_env(self) -> dict[str, str]:
        """Return the variables that tell another process how to work on the instance."""
        return {name: value for name, value in self.env.items() if name in SHARED}


SHARED = (
    "DATABASE_URL",
    "EMAIL_URL",
    "PATRON_DATA_DIR",
    "PATRON_EMBEDDED",
    "PATRON_ENCRYPTION_KEYS",
    "PATRON_MAILBOX_DIR",
    "PATRON_MEDIA_DIR",
    "PATRON_PUBLIC_URL",
    "PATRON_SUPERUSER_URL",
    "REDIS_URL",
    "SECRET_KEY",
)


@contextmanager
def locked(folder: DataFolder) -> Iterator[None]:
    """Be the only process that runs servers in this folder.

    Raises:
        AlreadyRunning: another one is.
    """
    folder.create()
    with folder.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise AlreadyRunning(str(folder.root)) from exc
        yield


def is_locked(folder: DataFolder) -> bool:
    """Whether a process runs servers in this folder."""
    if not folder.lock.exists():
        return False
    try:
        with locked(folder):
            return False
    except AlreadyRunning:
        return True


def wait_for_end(folder: DataFolder, *, seconds: float) -> bool:
    """Wait until nothing runs in the folder; False when the time is up first."""
    deadline = time.monotonic() + seconds
    while is_locked(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def find_state(folder: DataFolder) -> State | None:
    """Return what the instance said last, whether or not it still runs."""
    try:
        return State(**json.loads(folder.state.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return None


def write_state(folder: DataFolder, parts: Parts, *, is_ready: bool, is_supervised: bool) -> None:
    """Say that this process runs the instance; readable by its user alone."""
    state = State(os.getpid(), is_ready, is_supervised, parts.shared_env())
    temporary = folder.state.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=2)
    temporary.rename(folder.state)


def assemble(folder: DataFolder, port: int | None = None) -> Parts:
    """Decide what runs embedded and what the environment names instead.

    Args:
        folder: of the instance; the caller holds its lock.
        port: of the web pages; None keeps the address of the last start.
    """
    given = inherited()
    # Before the secrets are made: their absence says that a state folder outside is a stale one.
    home = None if given.get("DATABASE_URL") else find_home(folder)
    secrets = load_secrets(folder.secrets)
    ports = choose_ports(folder.root, ("postgres", "redis", "mail"))
    env = {
        "SECRET_KEY": secrets.secret_key,
        "PATRON_ENCRYPTION_KEYS": secrets.encryption_keys,
        "PATRON_PUBLIC_URL": _public_url(folder, port),
        "EMAIL_URL": f"smtp://{LOOPBACK}:{ports['mail']}",
        "DEBUG": "0",
        **_filled(given),
        "PATRON_DATA_DIR": str(folder.root),
        MARKER: str(folder.root),
    }
    postgres = valkey = sink = None
    if home:
        log = folder.logs / "postgres.log"
        password = secrets.superuser_password
        postgres = Server(home, ports["postgres"], password, log, serving_settings())
        env["DATABASE_URL"] = postgres.url(OWNER, secrets.owner_password, DATABASE)
        env["PATRON_SUPERUSER_URL"] = postgres.superuser_url
    if not given.get("REDIS_URL"):
        log = folder.logs / "valkey.log"
        valkey = Valkey(folder.valkey, ports["redis"], secrets.redis_password, log)
        env["REDIS_URL"] = valkey.url
    if not given.get("EMAIL_URL"):
        env["PATRON_MAILBOX_DIR"] = str(folder.mailbox)
        env["PATRON_EMBEDDED"] = "1"
        sink = sink_program(env, folder.logs / "mail.log")
    return Parts(postgres, valkey, sink, env)


def _public_url(folder: DataFolder, port: int | None) -> str:
    last = find_state(folder)
    if port is None and last is not None:
        return last.url
    return f"http://{LOOPBACK}:{port or DEFAULT_PORT}"


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is set to nothing, as a copied `.env.example` does."""
    return {name: value for name, value in values.items() if value}
