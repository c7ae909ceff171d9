"""Ports on loopback: the embedded servers get the same ones at every start where they are free."""

import hashlib
import socket
from collections.abc import Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes ports of outgoing connections.
FIRST_PORT = 20_000
PORT_COUNT = 12_000
STEP = 8


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_ports(folder: Path, names: Iterable[str]) -> dict[str, int]:
    """Choose a free port for each name.

    The search starts at a place that follows from the folder's path, so that one
    instance finds its own ports again and two instances rarely ask for the same.

    Raises:
        OSError: no port is free.
    """
    digest = hashlib.sha256(str(folder).encode()).digest()
    start = int.from_bytes(digest[:4], "big") % (PORT_COUNT // STEP) * STEP
    candidates = (FIRST_PORT + (start + offset) % PORT_COUNT for offset in range(PORT_COUNT))
    free = (port for port in candidates if is_free(port))
    try:
        return {name: next(free) for name in names}
    except (StopIteration, RuntimeError) as exc:
        raise OSError("no port of loopback is free") from exc
