"""Hot edges: what machines call many times a second, answered beside Django.

An edge is a function from `EdgeRequest` to `EdgeAnswer`. `config/wsgi.py` calls it with no
middleware, no session and no request object of Django around it; `as_view` puts the same function
behind a Django address, for `runserver` and Django's test client. It authenticates its caller by
itself, and runs outside any request transaction.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from http import HTTPStatus
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from kernel.postgres.edge import EdgeUnavailable

log = structlog.get_logger(__name__)

CHUNK = 64 * 1024
POURED = 4
"""How many times the limit of a body is read and thrown away before the connection is given up."""
RETRY_SECONDS = "5"


class BodyTooLarge(Exception):
    """A body over the limit."""


class BodyBroken(Exception):
    """The sender broke off."""


class EdgeHeaders(Mapping[str, str]):
    """Headers of a request, by name in any case."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        found: str = self._environ[_variable(name)]
        return found

    def get(self, name: str, default: Any = None, /) -> Any:
        return self._environ.get(_variable(name), default)

    def __iter__(self) -> Iterator[str]:
        names = (name[5:] for name in self._environ if name.startswith("HTTP_"))
        return (name.replace("_", "-").lower() for name in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class EdgeRequest:
    """One request as WSGI hands it over."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.environ = environ

    @property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        return str(self.environ["PATH_INFO"])

    @cached_property
    def headers(self) -> EdgeHeaders:
        return EdgeHeaders(self.environ)

    def read_body(self, limit: int) -> bytes:
        """Read the body, at most ``limit`` bytes.

        Raises:
            BodyTooLarge: more was announced, or came.
            BodyBroken: the sender broke off.
        """
        announced = self.environ.get("CONTENT_LENGTH") or ""
        stream = self.environ["wsgi.input"]
        try:
            if not announced.isdecimal():
                body = _read_up_to(stream, limit + 1)
            elif int(announced) <= limit:
                body = _read_up_to(stream, int(announced))
            else:
                _pour_away(stream, min(int(announced), POURED * limit))
                raise BodyTooLarge
        except OSError as exc:
            raise BodyBroken from exc
        if len(body) > limit:
            raise BodyTooLarge
        return body


@dataclass(frozen=True, slots=True)
class EdgeAnswer:
    """What the caller hears."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Edge = Callable[[EdgeRequest], EdgeAnswer]

UNAVAILABLE = EdgeAnswer(HTTPStatus.SERVICE_UNAVAILABLE, (("Retry-After", RETRY_SECONDS),))


def serve(edge: Edge, environ: Mapping[str, Any], start_response: Any) -> list[bytes]:
    """Answer one WSGI request."""
    answer = _ask(edge, EdgeRequest(environ))
    length = ("Content-Length", str(len(answer.body)))
    start_response(f"{answer.status:d} {answer.status.phrase}", [*answer.headers, length])
    return [answer.body]


def as_view(edge: Edge) -> Callable[..., HttpResponse]:
    """Return a Django view that answers as the edge does."""

    @csrf_exempt
    @transaction.non_atomic_requests
    def view(request: HttpRequest, **_: str) -> HttpResponse:
        answer = _ask(edge, EdgeRequest(request.environ))  # type: ignore[attr-defined] # of WSGIRequest
        return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))

    return view


def _ask(edge: Edge, request: EdgeRequest) -> EdgeAnswer:
    try:
        answer = edge(request)
    except BodyBroken:
        answer = EdgeAnswer(HTTPStatus.BAD_REQUEST)
    except (EdgeUnavailable, OperationalError, InterfaceError):
        close_old_connections()  # no signal of a request does it here
        answer = UNAVAILABLE
    except Exception:  # the sender must hear that it has to repeat
        log.exception("edge_failed", path=request.path)
        answer = EdgeAnswer(HTTPStatus.INTERNAL_SERVER_ERROR)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        log.warning(
            "edge_refused", method=request.method, path=request.path, status=answer.status.value
        )
    return answer


def _read_up_to(stream: Any, size: int) -> bytes:
    body: bytes = stream.read(size)
    if 0 < len(body) < size:
        parts = [body]
        left = size - len(body)
        while left > 0 and (part := stream.read(min(left, CHUNK))):
            parts.append(part)
            left -= len(part)
        body = b"".join(parts)
    return body


def _pour_away(stream: Any, left: int) -> None:
    """Read on without keeping: most senders hear the answer only once they have sent it all."""
    while left > 0 and (chunk := stream.read(min(left, CHUNK))):
        left -= len(chunk)


@lru_cache(maxsize=256)
def _variable(name: str) -> str:
    variable = name.upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
