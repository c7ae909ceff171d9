"""Requests that a browser sent to the live server and left before the answer came."""

import sys
import threading
import time
from types import FrameType

from django.core.servers.basehttp import ThreadedWSGIServer

PATIENCE = 60.0
"""Seconds for all of them together; the slowest page takes many on a busy machine."""
_THREAD = "process_request_thread"
"""What `socketserver.ThreadingMixIn` runs for each connection; its threads bear the name."""


def finish_requests() -> None:
    """Wait until the live server has done what closed connections asked for.

    A page asks for its notices now and then. Such a request would otherwise write into tables
    that are being emptied, or read them in another order than they are locked in. Connections to
    the stand-ins of others touch no table, and may stay open for as long as their client likes.
    """
    end = time.monotonic() + PATIENCE
    for thread in threading.enumerate():
        if _THREAD in thread.name and _serves_pages(thread):
            thread.join(max(end - time.monotonic(), 0.0))


def _serves_pages(thread: threading.Thread) -> bool:
    frame: FrameType | None = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_name != _THREAD:
        frame = frame.f_back
    return frame is not None and isinstance(frame.f_locals.get("self"), ThreadedWSGIServer)
