"""Outgoing HTTP: requests with a limit on time and size, to addresses that are open to everybody.

A name is resolved once, what it leads to is checked, and the connection goes to exactly that: no
name can lead into the network that Patron runs in, however often it changes its mind. Redirects are
not followed.
A request has a time in which all of it must be over, however slowly its answer drips in.
Conversations of other kinds, such as IMAP, get their connections and their time here too.
For workers and commands; never while a page or a database transaction waits.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.util.connection import allowed_gai_family

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
TOTAL_SECONDS: Final = 120.0
"""From the first byte sent to the last one read; a worker's turn is longer."""
MAX_BYTES: Final = 32 * 1024 * 1024
CHUNK: Final = 64 * 1024


class HttpUnavailable(Exception):
    """Nothing came back: no connection, no answer in time, or too much; the text is for people."""


class AnswerLost(HttpUnavailable):
    """The request left, and its answer did not come: what it asked for may have been done."""


class AddressForbidden(HttpUnavailable):
    """The address lies in a network that is not open to everybody."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        headers: by name in any case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Keeps its connections for one stretch of work; use it in a ``with`` block."""

    def __init__(
        self,
        read_seconds: float = READ_SECONDS,
        *,
        total_seconds: float = TOTAL_SECONDS,
        max_bytes: int | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        """Prepare to send; no connection is made yet.

        Args:
            read_seconds: how long to wait for more of an answer.
            total_seconds: after which a request ends, connecting and reading included.
            max_bytes: of an answer's body; None takes `MAX_BYTES`.
            before: called before each request, which is not made where it raises.
        """
        self._read_seconds = read_seconds
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._before = before
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = _GuardedAdapter()
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Fetch one address.

        Args:
            url: http or https.
            params: of the query.
            headers: beside those of every request.
            auth: name and password for Basic authentication.

        Raises:
            AddressForbidden: it lies in a private network, and `settings.OUTGOING_PRIVATE` is off.
            HttpUnavailable: no answer came in time, or one that is too large.
        """
        with self._send("GET", url, params=params, headers=headers, auth=auth) as found:
            return Answer(found.status_code, found.headers, self._read(found))

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Post a body to one address.

        Args:
            url: http or https.
            body: as it is sent.
            headers: beside those of every request; they name the type of the body.

        Raises:
            AddressForbidden: it lies in a private network, and `settings.OUTGOING_PRIVATE` is off.
            HttpUnavailable: no answer came in time, or one that is too large.
        """
        with self._send("POST", url, data=body, headers=headers) as found:
            return Answer(found.status_code, found.headers, self._read(found))

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> Answer:
        """Send one request, with JSON or without a body.

        Args:
            method: such as ``PUT``.
            url: http or https.
            params: of the query.
            headers: beside those of every request.
            json: of the body; None sends none.

        Raises:
            AddressForbidden: it lies in a private network, and `settings.OUTGOING_PRIVATE` is off.
            HttpUnavailable: no answer came in time, or one that is too large.
        """
        with self._send(method, url, params=params, headers=headers, json=json) as found:
            return Answer(found.status_code, found.headers, self._read(found))

    def get_span(self, url: str, start: int, size: int) -> Answer:
        """Fetch a stretch of a large file, and hold no more of it than that.

        Args:
            url: http or https.
            start: of the stretch, in bytes.
            size: of the stretch, in bytes, above zero; the answer is shorter where the file ends.

        Returns:
            Status 200 with the stretch, empty behind the end of the file, whether or not the
            server knows how to send parts; any other status as it came, without a body.

        Raises:
            AddressForbidden: it lies in a private network, and `settings.OUTGOING_PRIVATE` is off.
            HttpUnavailable: no answer came in time.
        """
        headers = {"Range": f"bytes={start}-{start + size - 1}", "Accept-Encoding": "identity"}
        with self._send("GET", url, headers=headers) as found:
            if found.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return Answer(HTTPStatus.OK, found.headers, b"")
            if found.status_code == HTTPStatus.PARTIAL_CONTENT:
                return Answer(HTTPStatus.OK, found.headers, _read_span(found, 0, size))
            is_whole = found.status_code == HTTPStatus.OK
            body = _read_span(found, start, size) if is_whole else b""
            return Answer(found.status_code, found.headers, body)

    @contextmanager
    def _send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None, **options: Any
    ) -> Iterator[requests.Response]:
        if self._before is not None:
            self._before()
        watch = Watch(self._total_seconds)
        try:
            with (
                watch,
                self._session.request(
                    method,
                    url,
                    headers={
                        "User-Agent": "Patron",
                        "Accept": "application/json",
                        **(headers or {}),
                    },
                    timeout=(CONNECT_SECONDS, self._read_seconds),
                    allow_redirects=False,
                    stream=True,
                    **options,
                ) as found,
            ):
                yield found
        except (requests.RequestException, HTTPError, UnicodeError) as exc:
            if watch.is_over:
                raise AnswerLost(_TOO_SLOW) from exc
            raise _explain(exc) from exc
        if watch.is_over:  # without a length, the end of the connection looks like the body's
            raise AnswerLost(_TOO_SLOW)

    def _read(self, found: requests.Response) -> bytes:
        most = MAX_BYTES if self._max_bytes is None else self._max_bytes
        body = bytearray()
        for chunk in found.iter_content(min(CHUNK, most + 1)):
            body += chunk
            if len(body) > most:
                raise AnswerLost("the answer is too large")
        return bytes(body)


class Watch:
    """Ends the connections of this thread once what it does with them took too long.

    One at a time; ``is_over`` says whether it ended them. A limit on each read is none on their
    number: the connection is shut down from outside, so that whatever waits for it wakes up, also
    during the handshake and between the headers.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._handles: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "Watch":
        _watched.watch = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        _watched.watch = None
        self._timer.cancel()
        with self._lock:
            while self._handles:
                self._handles.pop().close()

    def add(self, handle: socket.socket) -> None:
        """Take in a connection that the request uses; an answer may outlive its connection."""
        own = handle.dup()
        with self._lock:
            self._handles.append(own)
            if self.is_over:
                _shut(own)

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            for handle in self._handles:
                _shut(handle)


class _Watched(threading.local):
    watch: Watch | None = None


_watched = _Watched()
_TOO_SLOW: Final = "no answer came in time"
_PRIVATE: Final = "its address lies in a private network"


def _shut(handle: socket.socket) -> None:
    with suppress(OSError):  # it was closed meanwhile
        handle.shutdown(socket.SHUT_RDWR)


def _watch(handle: socket.socket | None) -> None:
    if _watched.watch is not None and handle is not None:
        _watched.watch.add(handle)


def _read_span(found: requests.Response, skip: int, size: int) -> bytes:
    body = bytearray()
    for chunk in found.iter_content(CHUNK):
        body += chunk[skip:]
        skip = max(0, skip - len(chunk))
        if len(body) >= size:
            break
    return bytes(body[:size])


_MEANINGS: Final[tuple[tuple[tuple[type[BaseException], ...], type[HttpUnavailable], str], ...]] = (
    (
        (requests.exceptions.SSLError,),
        HttpUnavailable,
        "no secure connection could be made; see whether its certificate is valid",
    ),
    ((requests.exceptions.ConnectTimeout,), HttpUnavailable, "no answer came in time"),
    ((requests.exceptions.Timeout, ReadTimeoutError), AnswerLost, "no answer came in time"),
    (
        (requests.exceptions.ChunkedEncodingError, ProtocolError),
        AnswerLost,
        "the connection ended before the answer",
    ),
    (
        (requests.exceptions.ConnectionError,),
        HttpUnavailable,
        "no connection could be made",
    ),
)
"""What went wrong, the most telling first; what may have left may have been done."""


def _explain(exc: Exception) -> HttpUnavailable:
    for cause in _causes(exc):
        if isinstance(cause, HttpUnavailable):
            return cause
    found = [
        error(words)
        for kinds, error, words in _MEANINGS
        if any(isinstance(cause, kinds) for cause in _causes(exc))
    ]
    return found[0] if found else HttpUnavailable("the address cannot be asked")


def _causes(exc: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while exc is not None and exc not in found:
        found.append(exc)
        reason = getattr(exc, "reason", None)
        inner = next((each for each in getattr(exc, "args", ()) if _is_error(each)), None)
        exc = exc.__cause__ or exc.__context__ or (reason if _is_error(reason) else inner)
    return found


def _is_error(value: object) -> bool:
    return isinstance(value, BaseException)


def may_be_asked(url: str) -> bool:
    """Say whether an address that somebody typed is one to send requests to: https, no password.

    Where it leads is looked at once it is asked, as names change their mind.
    """
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return False
    schemes = {"https", "http"} if settings.OUTGOING_PRIVATE else {"https"}
    return parts.scheme in schemes and bool(parts.hostname) and not parts.username and has_port


def connect_open(host: str, port: int, seconds: float) -> socket.socket:
    """Connect to a host that everybody may reach; its name is resolved once, and a `Watch` holds.

    Args:
        host: a name or an address.
        port: there.
        seconds: for connecting, however many addresses there are, and then for each step.

    Raises:
        AddressForbidden: it lies in a private network, and `settings.OUTGOING_PRIVATE` is off.
        OSError: there is no such host, or no connection to it.
        UnicodeError: no host can have this name.
    """
    until = time.monotonic() + seconds
    failure: Exception = AddressForbidden(_PRIVATE)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for address in _allowed(str(place[0]) for *_, place in found):
        if (left := until - time.monotonic()) <= 0:
            break
        try:
            made = socket.create_connection((address, port), left)
        except OSError as exc:
            failure = exc
            continue
        made.settimeout(seconds)
        _watch(made)
        return made
    raise failure


def _allowed(addresses: Iterable[str]) -> list[str]:
    """Return those that may be connected to, each once."""
    is_any = settings.OUTGOING_PRIVATE
    return [each for each in dict.fromkeys(addresses) if is_any or _is_open(each)]


def _is_open(address: str) -> bool:
    """Say whether an address is one that everybody may reach."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inside = getattr(found, "ipv4_mapped", None) or found
    return inside.is_global and not inside.is_multicast


class _GuardedConnection(HTTPConnection):
    """A connection to an address that was checked, and that a watch can end.

    TLS takes the socket over and leaves nothing behind to end it by: hence a handle of its own.
    """

    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn() if settings.OUTGOING_PRIVATE else self._dial()
        self._let_go()
        self._handle = made.dup()
        _watch(self._handle)
        return made

    def _dial(self) -> socket.socket:
        """Connect to one of the addresses that were checked; the name is not resolved again."""
        name, addresses = self._dns_host, self._resolve()
        failure: Exception = AddressForbidden(_PRIVATE)
        try:
            for address in addresses:
                self._dns_host = address
                try:
                    return super()._new_conn()
                except (NewConnectionError, ConnectTimeoutError) as exc:
                    failure = exc
        finally:
            self._dns_host = name
        raise failure

    def _resolve(self) -> list[str]:
        """Return the addresses of the host that are open to everybody."""
        try:
            found = socket.getaddrinfo(
                self._dns_host.strip("[]"), self.port, allowed_gai_family(), socket.SOCK_STREAM
            )
        except socket.gaierror as exc:
            raise NameResolutionError(self.host, self, exc) from exc
        return _allowed(str(place[0]) for *_, place in found)

    def _let_go(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self._handle)  # one that was kept
        super().request(*args, **kwargs)

    def close(self) -> None:
        self._let_go()
        super().close()


class _GuardedSecureConnection(_GuardedConnection, HTTPSConnection):
    pass


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _GuardedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _GuardedSecureConnection


class _GuardedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _GuardedPool,
            "https": _GuardedSecurePool,
        }
