"""Reading ahead: the next pages of a platform are fetched while those before are applied.

The first page is fetched by whoever asks for it; a thread goes on behind it, if anything follows.
The thread asks the platform and touches no database. What it has fetched waits in memory, up to
some hundred objects and some megabytes, and is applied together: the slower applying is, the more
pages share one transaction.
"""

import contextvars
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from kernel.batches import Deadline
from stores.types import PulledPage

MOST_OBJECTS: Final = 500
"""So many as the inbox claims at once: a turn is no longer than one of deliveries."""
MOST_BYTES: Final = 4 * 1024 * 1024

Cursor = Mapping[str, Any]


class PageReader:
    """The pages behind a cursor, in their order; use it in a ``with`` block.

    No page is asked for once the deadline has passed, nor behind one that wants a rest.
    """

    def __init__(
        self, fetch: Callable[[Cursor], PulledPage], cursor: Cursor, deadline: Deadline
    ) -> None:
        """Prepare to read; nothing is fetched yet.

        Args:
            fetch: fetches the page that a cursor stands for.
            cursor: of the first page, which is fetched even when the deadline has passed.
            deadline: when to stop.
        """
        self._fetch = fetch
        self._cursor: Cursor | None = cursor
        self._deadline = deadline
        self._pages: list[PulledPage] = []
        self._failure: BaseException | None = None
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def take(self) -> list[PulledPage]:
        """Return the pages that were read meanwhile, at least one; empty: none follows.

        Raises:
            Exception: what fetching a page raised, once those before it are taken.
        """
        if self._thread is None:
            return self._take_first()
        with self._changed:
            self._changed.wait_for(lambda: self._pages or not self._is_reading)
            pages, self._pages = self._pages, []
            self._changed.notify_all()
        if not pages and self._failure is not None:
            raise self._failure
        return pages

    def _take_first(self) -> list[PulledPage]:
        if self._cursor is None:
            return []
        page = self._fetch(self._cursor)
        self._turn(page)
        if self._is_reading:
            self._begin_reading()
        return [page]

    def _begin_reading(self) -> None:
        run = contextvars.copy_context().run
        self._thread = threading.Thread(
            target=run, args=(self._read_on,), name="pages", daemon=True
        )
        self._thread.start()

    @property
    def _is_reading(self) -> bool:
        return self._cursor is not None

    def _turn(self, page: PulledPage) -> None:
        """Look where the next page is; nowhere where none may be asked for."""
        is_last = bool(page.rest_seconds) or self._deadline.passed
        self._cursor = None if is_last else page.cursor

    def _read_on(self) -> None:
        try:
            while (cursor := self._wait_for_room()) is not None:
                page = self._fetch(cursor)
                with self._changed:
                    self._pages.append(page)
                    self._turn(page)
                    self._changed.notify_all()
        except BaseException as exc:  # noqa: BLE001 raised again by whoever takes the pages
            self._failure = exc
        finally:
            with self._changed:
                self._cursor = None
                self._changed.notify_all()

    def _wait_for_room(self) -> Cursor | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not self._is_full())
            return None if self._is_closed or self._deadline.passed else self._cursor

    def _is_full(self) -> bool:
        bodies = [each.body for page in self._pages for each in page.objects]
        return len(bodies) >= MOST_OBJECTS or sum(map(len, bodies)) >= MOST_BYTES
