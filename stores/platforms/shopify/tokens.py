"""What a request to Shopify is let in by: a token that lasts, or one that an app gets for a day.

Apps of the Dev Dashboard have a client ID and a client secret, and ask for their tokens; apps that
were made in the admin before 2026 have one that lasts.
"""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlencode

from kernel.http import Answer, Client
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.fields import Json, text, whole

ACCESS_TOKEN: Final = "access_token"  # noqa: S105 the name of the credential
CLIENT_ID: Final = "client_id"
CLIENT_SECRET: Final = "client_secret"  # noqa: S105 likewise
PATH: Final = "/admin/oauth/access_token"
MARGIN_SECONDS: Final = 300
"""So long before its end a token is no longer used."""
CACHE_LIMIT: Final = 1_000
WAIT_SECONDS: Final = 60.0
SHOWN: Final = 200
NOT_ENTERED: Final = (
    "Enter the shop's address, and the client ID and client secret of its app or an access token"
)


class _Kept(NamedTuple):
    token: str
    until: float


_cache: dict[str, _Kept] = {}
_cache_lock = threading.Lock()


def find_token(origin: str, credentials: Mapping[str, str], client: Client) -> str:
    """Return what a shop is asked with.

    Args:
        origin: scheme and host of the shop.
        credentials: as entered.
        client: asks for a token where there is none that lasts.

    Raises:
        PullRefused: nothing was entered, or Shopify does not know the app.
        PullBusy, PullUnavailable, HttpUnavailable: it does not give one now.
    """
    if lasting := credentials.get(ACCESS_TOKEN, ""):
        return lasting
    if not (credentials.get(CLIENT_ID) and credentials.get(CLIENT_SECRET)):
        raise PullRefused(NOT_ENTERED)
    key = _key(origin, credentials)
    kept = _cache.get(key)
    if kept is not None and time.monotonic() < kept.until:
        return kept.token
    fresh = _exchange(origin, credentials, client)
    with _cache_lock:
        if len(_cache) >= CACHE_LIMIT:
            _cache.clear()
        _cache[key] = fresh
    return fresh.token


def forget_token(origin: str, credentials: Mapping[str, str]) -> bool:
    """Forget the token of an app, because Shopify takes it no longer.

    Returns:
        False where there was none to forget: then a new one would not help.
    """
    if credentials.get(ACCESS_TOKEN):
        return False
    with _cache_lock:
        return _cache.pop(_key(origin, credentials), None) is not None


def _key(origin: str, credentials: Mapping[str, str]) -> str:
    parts = (origin, credentials.get(CLIENT_ID, ""), credentials.get(CLIENT_SECRET, ""))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _exchange(origin: str, credentials: Mapping[str, str], client: Client) -> _Kept:
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials[CLIENT_ID],
        "client_secret": credentials[CLIENT_SECRET],
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post(origin + PATH, urlencode(form).encode(), headers=headers)
    found = _read(answer)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise PullBusy(WAIT_SECONDS)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise PullUnavailable(f"Shopify answers with an error of its own ({answer.status})")
    token = text(found, "access_token")
    if answer.status != HTTPStatus.OK or not token:
        said = text(found, "error_description") or text(found, "error") or "it gives no reason"
        raise PullRefused(f"Shopify does not let the app in: {said[:SHOWN]}")
    seconds = whole(found, "expires_in") - MARGIN_SECONDS
    return _Kept(token, time.monotonic() + seconds)


def _read(answer: Answer) -> Json:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}
