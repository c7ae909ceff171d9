"""Reads `docker-compose.yml` as Compose does, and runs its commands without containers.

A container's addresses are replaced by those of the test run: nothing else of a command or of
an environment is touched.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from kernel.embedded.environment import read_env_file
from kernel.embedded.paths import PROJECT

FILE = PROJECT / "docker-compose.yml"
DOCKERFILE = PROJECT / "config" / "docker" / "Dockerfile"
VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


def read_compose() -> dict[str, Any]:
    """Return the file as it stands."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def read_services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = read_compose()["services"]
    return services


def write_env(path: Path, host: str) -> dict[str, str]:
    """Make the settings of a server as the guide says."""
    script = PROJECT / "config" / "docker" / "new-env"
    text = subprocess.run([str(script), host], capture_output=True, text=True, check=True).stdout
    path.write_text(text)
    return read_env_file(path)


def image_env() -> dict[str, str]:
    """Return the variables that the image itself sets."""
    last = DOCKERFILE.read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", last, re.MULTILINE)
    assert block is not None
    pairs = (pair.partition("=") for pair in block.group(1).replace("\\\n", " ").split())
    return {name: value for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class Host:
    """The test run in the place of the containers.

    Attributes:
        settings: of `.env`.
        replaced: texts of the containers, and what stands for them here.
    """

    settings: Mapping[str, str]
    replaced: Mapping[str, str]

    def env(self, service: Mapping[str, Any]) -> dict[str, str]:
        """Return the environment of a service: image, file, then its own."""
        own = {name: self.filled(value) for name, value in service["environment"].items()}
        inside = {**image_env(), **self.settings, **own}
        here = {name: self.placed(value) for name, value in inside.items() if name != "PATH"}
        return {**here, "PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)}

    def command(self, words: list[str]) -> list[str]:
        return [self.placed(self.filled(word)) for word in words]

    def run(
        self, service: Mapping[str, Any], words: list[str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of a service to its end."""
        return subprocess.run(
            self.command(words),
            env=self.env(service),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextmanager
    def running(self, service: Mapping[str, Any], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the command of a service and stop it as Compose does."""
        with (
            log.open("wb") as output,
            subprocess.Popen(
                self.command(service["command"]),
                env=self.env(service),
                cwd=PROJECT,
                stdout=output,
                stderr=output,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()
                process.wait(600)

    def filled(self, text: str) -> str:
        """Put variables into a text, as Compose does before anything else."""

        def value(match: re.Match[str]) -> str:
            name, kind, rest = match.groups()
            found = self.settings.get(name, "")
            assert found or kind != ":?", f"{name} {rest}"
            return found or (rest if kind == ":-" else "")

        return VARIABLE.sub(value, str(text))

    def placed(self, text: str) -> str:
        """Put the places of the test run into a text."""
        for inside, here in self.replaced.items():
            text = text.replace(inside, here)
        return text


def address(url: str) -> str:
    """Return host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"
