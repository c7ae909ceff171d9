"""Asking Shopify's Admin API: one GraphQL request, what it costs, and its refusals in plain words.

A shop has a bucket of points that fills by so many a second. A request must find as many points
there as it may cost at most; what it did not need is given back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from kernel.http import Answer, Client
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.fields import Json, child, children, text
from stores.platforms.shopify.tokens import NOT_ENTERED, find_token, forget_token
from stores.types import StoreAccess

API_VERSION: Final = "2026-07"
DOMAIN: Final = ".myshopify.com"
WAIT_SECONDS: Final = 60.0
LONGEST_WAIT: Final = 3600.0
SECURITY_REJECTION: Final = 430
"""What Shopify answers to requests that look like an attack; it passes."""
SHOWN: Final = 200
DENIED: Final = frozenset({"ACCESS_DENIED", "SHOP_INACTIVE", "FORBIDDEN", "UNAUTHORIZED"})
PASSING: Final = frozenset({"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"})


class Denied(PullRefused):
    """Shopify lets the app in, and does not do what it asks."""


class TooCostly(PullRefused):
    """A request may cost more than Shopify allows for one: ask for less at once."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request cost, in points, and what is left.

    Attributes:
        requested: at most; so many must be there.
        available: left in the bucket.
        most: in a full bucket.
        restores: points that come back in a second.
    """

    requested: float
    available: float
    most: float
    restores: float

    def rest(self) -> float:
        """Return the seconds until the same can be asked again; 0 where it can at once."""
        lacking = min(self.requested, self.most) - self.available
        return _bound(lacking / max(self.restores, 1.0)) if lacking > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the data, and what it cost; None where Shopify does not say."""

    data: Json
    cost: Cost | None


def ask(
    access: StoreAccess, client: Client, query: str, variables: Mapping[str, Any] | None = None
) -> Reply:
    """Ask once.

    Raises:
        TooCostly: ask for less at once; a `PullRefused` where that cannot be done.
        Denied: Shopify does not do this; likewise.
        PullRefused: a person must change something first.
        PullBusy: Shopify asks for patience.
        PullUnavailable, HttpUnavailable: it does not answer now.
    """
    if not access.url:
        raise PullRefused(NOT_ENTERED)
    body = json.dumps({"query": query, "variables": dict(variables or {})}).encode()
    answer = _post(access, client, body)
    is_out = answer.status == HTTPStatus.UNAUTHORIZED
    if is_out and forget_token(_origin(access), access.credentials):
        answer = _post(access, client, body)
    return _read(_judge(answer, access))


def domain_of(access: StoreAccess) -> str:
    """Return the host name of a shop."""
    return urlsplit(access.url).hostname or ""


def _post(access: StoreAccess, client: Client, body: bytes) -> Answer:
    origin = _origin(access)
    token = find_token(origin, access.credentials, client)
    headers = {"Content-Type": "application/json", "X-Shopify-Access-Token": token}
    return client.post(f"{origin}/admin/api/{API_VERSION}/graphql.json", body, headers=headers)


def _origin(access: StoreAccess) -> str:
    """Return scheme and host; a token never goes out in the clear to a host that has a name."""
    split = urlsplit(access.url)
    is_named = not domain_of(access).replace(".", "").isdecimal()
    return f"{'https' if is_named else split.scheme}://{split.netloc}"


def _judge(answer: Answer, access: StoreAccess) -> Answer:
    status = answer.status
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, SECURITY_REJECTION):
        raise PullBusy(_patience(answer))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise PullUnavailable(f"Shopify answers with an error of its own ({status})")
    if status == HTTPStatus.OK:
        return answer
    if reason := _REFUSALS.get(status):
        raise PullRefused(reason.format(words=_words(answer)))
    if status == HTTPStatus.NOT_FOUND or status < HTTPStatus.BAD_REQUEST:
        raise PullRefused(
            f"There is no Shopify shop at {access.url}; enter the address that ends in {DOMAIN}"
        )
    raise PullRefused(f"Shopify does not understand ({status}): {_words(answer)}")


_REFUSALS: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Shopify refuses the access token: {words}",
    HTTPStatus.FORBIDDEN: "Shopify denies access: {words}",
    HTTPStatus.PAYMENT_REQUIRED: "The shop's Shopify plan is not paid, so its API is closed",
    HTTPStatus.LOCKED: "Shopify has locked the shop; ask Shopify's support",
}


def _patience(answer: Answer) -> float:
    try:
        found = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return WAIT_SECONDS
    return _bound(found) if found == found else WAIT_SECONDS  # noqa: PLR0124 NaN is no number


def _bound(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_WAIT)


def _words(answer: Answer) -> str:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    said = found.get("errors") if isinstance(found, dict) else None
    text_of = said if isinstance(said, str) else "it gives no reason"
    return text_of.removeprefix("[API] ")[:SHOWN]


def _read(answer: Answer) -> Reply:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as exc:
        raise PullUnavailable("Shopify's answer is not JSON") from exc
    if not isinstance(found, dict):
        raise PullUnavailable("Shopify's answer is not an object")
    cost = _read_cost(found)
    for error in children(found, "errors"):
        _refuse(error, cost)
    if not isinstance(found.get("data"), dict):
        raise PullUnavailable("Shopify's answer holds no data")
    return Reply(found["data"], cost)


def _refuse(error: Json, cost: Cost | None) -> None:
    code = text(child(error, "extensions"), "code")
    said = text(error, "message")[:SHOWN] or "it gives no reason"
    if code == "THROTTLED":
        raise PullBusy(cost.rest() or 1.0 if cost else WAIT_SECONDS)
    if code == "MAX_COST_EXCEEDED":
        raise TooCostly(said)
    if code in PASSING:
        raise PullUnavailable(f"Shopify answers with an error of its own: {said}")
    if code in DENIED:
        raise Denied(f"Shopify denies access: {said}")
    raise Denied(f"Shopify does not understand: {said}")


def _read_cost(found: Json) -> Cost | None:
    cost = child(child(found, "extensions"), "cost")
    status = child(cost, "throttleStatus")
    numbers = (
        cost.get("requestedQueryCost"),
        status.get("currentlyAvailable"),
        status.get("maximumAvailable"),
        status.get("restoreRate"),
    )
    if not all(isinstance(number, int | float) for number in numbers):
        return None
    requested, available, most, restores = (float(str(number)) for number in numbers)
    return Cost(requested, available, most, restores)
