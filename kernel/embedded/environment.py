"""The environment that every process of an instance gets."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kernel.embedded.paths import PROJECT

ENV_FILE = PROJECT / ".env"


def inherited() -> dict[str, str]:
    """Return our own environment completed from `.env`, with the project importable anywhere.

    A variable of the environment wins over the same one in the file.
    """
    values = {**read_env_file(ENV_FILE), **os.environ}
    programs = str(Path(sys.executable).parent)
    values["PATH"] = f"{programs}{os.pathsep}{values.get('PATH', os.defpath)}"
    values["PYTHONPATH"] = str(PROJECT)
    values["PYTHONUNBUFFERED"] = "1"
    values.setdefault("LC_ALL", "C.UTF-8")
    values.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    values["PATRON_ENV_FILE"] = os.devnull  # has been read; once is enough
    return values


def read_env_file(path: Path) -> dict[str, str]:
    """Return the settings of a `.env` file; empty when there is none."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.removeprefix("export ").partition("=") for line in lines if line[:1] != "#")
    return {name.strip(): _unquoted(value.strip()) for name, sign, value in pairs if sign}


def python(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs this Python with arguments."""
    return (sys.executable, *arguments)


def manage(*arguments: str) -> tuple[str, ...]:
    """Return the command that runs a Django command."""
    return python(str(PROJECT / "manage.py"), *arguments)


def has_command(name: str) -> bool:
    """Whether one of the project's apps brings this Django command."""
    return any(PROJECT.glob(f"*/management/commands/{name}.py"))


def without(values: Mapping[str, str], *names: str) -> dict[str, str]:
    """Return a copy that lacks some variables."""
    return {name: value for name, value in values.items() if name not in names}


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if is_quoted else value
