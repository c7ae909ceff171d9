"""The processes of an instance beside its servers, as one table."""

import signal
from collections.abc import Mapping

from kernel.embedded.children import Program
from kernel.embedded.environment import has_command, manage, python
from kernel.embedded.paths import DataFolder
from kernel.embedded.ports import LOOPBACK

WEB_THREADS = 16
"""At most; started when needed. Webhooks that wait for a commit together cost one commit."""
# Ready in 0.8 s instead of 2.9 s: one host has nobody to gossip with.
QUIET = ("--without-mingle", "--without-gossip", "--without-heartbeat")
CELERY = python("-m", "celery", "--app", "config", "--skip-checks")
FAST_QUEUES = "webhooks,messages,flows,segments"
SLOW_QUEUES = "sync"


def programs(
    folder: DataFolder, env: Mapping[str, str], *, port: int, with_demo: bool
) -> list[Program]:
    """Return what to run, in the order of starting.

    Args:
        folder: of the instance.
        env: of every process.
        port: of the web pages.
        with_demo: also run the simulator that makes the demo shops sell.
    """
    table: dict[str, tuple[str, ...]] = {
        "web": web_command(port),
        "worker": worker_command("fast", FAST_QUEUES, processes=2),
        "worker-sync": worker_command("slow", SLOW_QUEUES, processes=1),
        "beat": (*CELERY, "beat", "--schedule", str(folder.schedule), "--pidfile="),
    }
    if with_demo and has_command("simulate"):
        table["simulator"] = manage("simulate", "--demo", "--to", f"http://{LOOPBACK}:{port}")
    return [
        Program(
            name=name,
            command=command,
            env=env,
            log=folder.logs / f"{name}.log",
            stop_signal=signal.SIGTERM,
            cwd=folder.root,
        )
        for name, command in table.items()
    ]


def web_command(port: int) -> tuple[str, ...]:
    """Return the command of the web server; its static files come through Django."""
    options = {
        "--interface": "wsgi",
        "--host": LOOPBACK,
        "--port": str(port),
        "--workers": "1",
        "--blocking-threads": str(WEB_THREADS),
        "--workers-kill-timeout": "5s",
    }
    flat = (part for option in options.items() for part in option)
    return python("-m", "granian", *flat, "--no-ws", "config.wsgi:application")


def worker_command(name: str, queues: str, *, processes: int) -> tuple[str, ...]:
    """Return the command of one Celery worker."""
    place = ("--hostname", f"{name}@%h", "--queues", queues)
    return (*CELERY, "worker", *place, "--concurrency", str(processes), *QUIET)
