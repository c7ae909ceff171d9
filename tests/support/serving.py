"""A stand-in answers in a thread of its own for as long as a test needs it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer

LOOK_SECONDS = 0.01
"""How often it looks whether it should end; the usual half second would be waited for each time."""


@contextmanager
def answering(server: BaseServer) -> Iterator[None]:
    """Let a server answer inside the block; then its port is given back."""
    thread = threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
