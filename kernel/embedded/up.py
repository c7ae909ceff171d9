"""`bin/up`: starts an instance, keeps it running, stops it."""

import argparse
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from kernel.embedded.commands import CommandFailed
from kernel.embedded.console import complain, say, step
from kernel.embedded.environment import has_command, inherited, python
from kernel.embedded.instance import (
    DEFAULT_PORT,
    AlreadyRunning,
    Parts,
    assemble,
    find_state,
    is_locked,
    locked,
    write_state,
)
from kernel.embedded.leftovers import end_supervised
from kernel.embedded.paths import DEFAULT_DATA, DataFolder, data_folder
from kernel.embedded.ports import LOOPBACK, is_free
from kernel.embedded.prepare import CannotStart, prepare
from kernel.embedded.processes import programs
from kernel.embedded.supervisor import Supervisor

READY_SECONDS = 600
# The first start is watched by a person, who should not wait for a page that cannot come.
HOPELESS_DEATHS = 3
# 503 becomes 200 in time, an error in the program does not.
FINAL_ANSWERS = (http.HTTPStatus.OK, http.HTTPStatus.INTERNAL_SERVER_ERROR)
POLL_SECONDS = 0.1
STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
TAIL_LINES = 15


def main(arguments: Sequence[str]) -> int:
    """Run an instance until Ctrl-C, or start one that stays."""
    options = _parser().parse_args(arguments)
    folder = data_folder(options.data)
    try:
        if options.detach:
            return _detach(folder, arguments)
        with locked(folder), _stop_on_signals():
            return _run(folder, options.port, with_demo=options.demo)
    except AlreadyRunning:
        complain(_describe_running(folder))
    except (CannotStart, CommandFailed, OSError, RuntimeError, ValueError) as exc:
        complain(f"Patron cannot start: {exc}")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/up", description="Run Patron on this machine.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the pages (8000)")
    parser.add_argument("--data", metavar="DIR", help=f"data folder ({DEFAULT_DATA.name}/)")
    parser.add_argument("--no-demo", dest="demo", action="store_false", help="without demo shops")
    parser.add_argument("--detach", action="store_true", help="return once ready")
    return parser


def _run(folder: DataFolder, port: int, *, with_demo: bool) -> int:
    end_supervised(folder.root)
    if not is_free(port):
        raise CannotStart(f"port {port} is in use or not allowed; choose another with --port")
    parts = assemble(folder, port)
    write_state(folder, parts, is_ready=False, is_supervised=True)
    supervisor = Supervisor()
    try:
        _start_servers(supervisor, parts)
        prepare(folder, parts, with_demo=with_demo)
        _start_programs(supervisor, folder, parts, port=port, with_demo=with_demo)
        write_state(folder, parts, is_ready=True, is_supervised=True)
        _announce(folder, port, with_demo=with_demo)
        supervisor.run_until(lambda: False)
    except KeyboardInterrupt:
        say("\nStopping …")
    finally:
        _ignore_signals()
        supervisor.stop()
    say("Patron has stopped.")
    return 0


def _start_servers(supervisor: Supervisor, parts: Parts) -> None:
    if parts.postgres:
        with step("Starting PostgreSQL"):
            supervisor.adopt(parts.postgres.start())
    if parts.valkey:
        with step("Starting Valkey"):
            supervisor.adopt(parts.valkey.start())
    if parts.mail_sink:  # before the demo, whose flows send
        supervisor.start(parts.mail_sink)


def _start_programs(
    supervisor: Supervisor, folder: DataFolder, parts: Parts, *, port: int, with_demo: bool
) -> None:
    with step("Starting web, workers and scheduler"):
        web, *others = programs(folder, parts.env, port=port, with_demo=with_demo)
        supervisor.start(web)
        # The page first: on a small machine everything at once makes people wait for it.
        _wait_for_answer(supervisor, port, "/healthz")
        for program in others:
            supervisor.start(program)
        _wait_for_answer(supervisor, port, "/readyz")
        if _status(port, "/readyz") != http.HTTPStatus.OK:
            raise CannotStart(f"/readyz does not answer 200.\n{_tail(folder)}")


def _wait_for_answer(supervisor: Supervisor, port: int, path: str) -> None:
    """Wait for a final answer, for as long as there is hope of one."""
    supervisor.run_until(
        lambda: _status(port, path) in FINAL_ANSWERS or supervisor.deaths("web") > HOPELESS_DEATHS,
        seconds=READY_SECONDS,
    )


def _status(port: int, path: str) -> int:
    """Return the status with which a page of the instance answers; 0 for no answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _tail(folder: DataFolder) -> str:
    log = folder.logs / "web.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"The end of {log}:", *lines[-TAIL_LINES:]])


def _announce(folder: DataFolder, port: int, *, with_demo: bool) -> None:
    say(f"\nPatron is ready at http://{LOOPBACK}:{port}")
    if with_demo and folder.demo.exists():
        login = json.loads(folder.demo.read_text(encoding="utf-8"))
        say(f"Log in with {login['email']} and the password {login['password']}")
    elif with_demo and has_command("load_demo"):
        say(
            "The demo shops are incomplete: loading them was interrupted. --data NEW starts afresh."
        )
    say(f"Data and logs: {folder.root}\n")


def _detach(folder: DataFolder, arguments: Sequence[str]) -> int:
    """Start ourselves again in the background, show what that says, return once it is ready."""
    if is_locked(folder):
        raise AlreadyRunning
    folder.create()
    log = folder.logs / "up.log"
    command = python("-m", "kernel.embedded.up", *(a for a in arguments if a != "--detach"))
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=inherited(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    with log.open(encoding="utf-8", errors="replace") as lines:
        while process.poll() is None and not _is_ready(folder, process.pid):
            _copy(lines.read())
            time.sleep(POLL_SECONDS)
        time.sleep(POLL_SECONDS)
        _copy(lines.read())
    return process.returncode or 0


def _is_ready(folder: DataFolder, pid: int) -> bool:
    state = find_state(folder)
    return state is not None and state.pid == pid and state.is_ready


def _copy(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _describe_running(folder: DataFolder) -> str:
    state = find_state(folder)
    if state is None or not state.is_supervised:
        return f"Another command is working on {folder.root}; try again when it is done."
    return f"Patron already runs at {state.url} with the data in {folder.root}."


@contextmanager
def _stop_on_signals() -> Iterator[None]:
    """Treat a request to end, and a terminal that closes, like Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        yield


def _ignore_signals() -> None:
    for number in (*STOP_SIGNALS, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
