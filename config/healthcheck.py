"""Tells a container engine whether a process of this container works: `web`, `worker`, `beat`.

Exit status 0 is well. Light on purpose: nothing of Django is set up for it.
"""

import http.client
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from config.celery import app

ANSWER_SECONDS = 10
# The scheduler writes its file every three minutes.
SILENT_SECONDS = 600


def check_web(port: str = "8000") -> bool:
    """Whether the web server can work; asked under the public name, as ALLOWED_HOSTS wants."""
    public = urlsplit(os.environ.get("PATRON_PUBLIC_URL", "http://127.0.0.1"))
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz", headers={"Host": public.netloc})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def check_worker(name: str) -> bool:
    """Whether the worker of this container answers a ping through the broker."""
    node = f"{name}@{socket.gethostname()}"
    try:
        return bool(app.control.ping(destination=[node], timeout=ANSWER_SECONDS))
    except OSError:
        return False


def check_beat(schedule: str) -> bool:
    """Whether the scheduler still writes its file."""
    path = Path(schedule)
    written = [file.stat().st_mtime for file in path.parent.glob(f"{path.name}*")]
    return bool(written) and time.time() - max(written) < SILENT_SECONDS


CHECKS: dict[str, Callable[..., bool]] = {
    "web": check_web,
    "worker": check_worker,
    "beat": check_beat,
}


def main(arguments: Sequence[str]) -> int:
    """Run one check; 0 when it holds."""
    name, *rest = arguments
    return 0 if CHECKS[name](*rest) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
