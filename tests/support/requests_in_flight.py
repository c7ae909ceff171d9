"""Requests that a browser sent to the live server and left before the answer came."""

import threading
import time

PATIENCE = 60.0
"""Seconds for all of them together; the slowest page takes many on a busy machine."""
_THREAD = "process_request_thread"
"""What `socketserver.ThreadingMixIn` runs for each connection; its threads bear the name."""


def finish_requests() -> None:
    """Wait until the live server has done what closed connections asked for.

    A page asks for its notices now and then. Such a request would otherwise write into tables
    that are being emptied, or read them in another order than they are locked in.
    """
    end = time.monotonic() + PATIENCE
    for thread in threading.enumerate():
        if _THREAD in thread.name:
            thread.join(max(end - time.monotonic(), 0.0))
