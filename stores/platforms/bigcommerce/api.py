"""Asking BigCommerce: one address for each shop, a token, and a quota that its answers tell.

The quota of a shop is shared by all its apps and begins anew after some seconds. When an answer
says that it is nearly used up, nothing more is asked until then.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kernel.http import Answer, Client
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.types import StoreAccess

API_PATH: Final = re.compile(r"(https?://[^/]+)/stores/([A-Za-z0-9]{1,40})(?:/v[23])?/?")
NO_PATH: Final = (
    "Enter the API path as BigCommerce shows it, such as "
    "https://api.bigcommerce.com/stores/abc123/v3/"
)
NO_ACCESS: Final = "Enter the access token of a BigCommerce API account"
RESERVE: Final = 2
"""So many requests of the quota are left to other apps of the shop."""
WAIT_SECONDS: Final = 60.0
LONGEST_WAIT: Final = 3600.0
SERVER_ERROR: Final = 500
SHOWN: Final = 200
LIMIT: Final = 250
MAX_PAGES: Final = 100
_SCOPES: Final = {
    "v2/orders": "Orders",
    "v3/orders": "Orders",
    "v3/customers": "Customers",
    "v3/catalog": "Products",
    "v3/checkouts": "Checkouts",
    "v2/store": "Information & settings",
}

Item = dict[str, Any]


class NotGranted(PullRefused):
    """The token is good, and may not see this."""


class NotUnderstood(PullRefused):
    """This one thing is not taken as it is."""


class NotThere(PullRefused):
    """There is no such thing, or not any more."""


class Api:
    """One shop, for one stretch of work.

    All of it raises:
        PullRefused: the token is not accepted; `NotGranted` where it lacks a permission.
        NotThere: the address answers 404.
        NotUnderstood: what was sent is not taken as it is.
        PullBusy: the quota is used up.
        PullUnavailable, HttpUnavailable: BigCommerce does not answer now.
    """

    def __init__(self, access: StoreAccess, client: Client) -> None:
        found = API_PATH.fullmatch(access.credentials.get("api_path", ""))
        if found is None:
            raise PullRefused(NO_PATH)
        if not access.credentials.get("access_token"):
            raise PullRefused(NO_ACCESS)
        self._base = f"{found[1]}/stores/{found[2]}/"
        self._headers = {"X-Auth-Token": access.credentials["access_token"]}
        self._client = client
        self._rest = 0.0

    @property
    def rest(self) -> float:
        """Seconds until the quota begins anew where it is nearly used up, else 0."""
        return self._rest

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Ask for something; no content is None. Numbers with a point come as text, exact.

        Args:
            path: such as ``v3/customers``.
            params: of the query.
        """
        return self._read("GET", path, params=params)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Change something; what it takes is JSON, or nothing."""
        return self._read(method, path, params=params, body=body)

    def list_v3(self, path: str, params: Mapping[str, str]) -> list[Item]:
        """Return one page of a list of V3."""
        return _items(_envelope(self.get(path, params), path).get("data"), path)

    def list_whole(self, path: str, params: Mapping[str, str] | None = None) -> list[Item]:
        """Return all pages of a short list of V3."""
        found: list[Item] = []
        for page in range(1, MAX_PAGES + 1):
            asked = {"limit": str(LIMIT), "page": str(page), **(params or {})}
            items = self.list_v3(path, asked)
            found += items
            if len(items) < LIMIT:
                break
        return found

    def list_v2(self, path: str, params: Mapping[str, str] | None = None) -> list[Item]:
        """Return one page of a list of V2, which has no content where it is empty."""
        return _items(self.get(path, params) or [], path)

    def count_v3(self, path: str, params: Mapping[str, str]) -> int:
        """Return how many objects a list of V3 has."""
        answer = _envelope(self.get(path, {"limit": "1", **params}), path)
        meta = answer.get("meta")
        pagination = meta.get("pagination") if isinstance(meta, dict) else None
        total = pagination.get("total") if isinstance(pagination, dict) else None
        return total if isinstance(total, int) else 0

    def _read(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> Any:
        if self._rest:
            raise PullBusy(self._rest)
        answer = self._client.send(
            method, self._base + path, params=params, headers=self._headers, json=body
        )
        self._note_quota(answer)
        _judge(answer, path)
        if answer.status == 204 or not answer.body.strip():  # noqa: PLR2004 no content
            return None
        try:
            return json.loads(answer.body, parse_float=str)
        except (ValueError, RecursionError) as exc:
            raise PullUnavailable(f"BigCommerce's answer for {path} is not JSON") from exc

    def _note_quota(self, answer: Answer) -> None:
        left = answer.headers.get("X-Rate-Limit-Requests-Left", "")
        if left.isdecimal() and int(left) <= RESERVE:
            self._rest = _patience(answer)


def ids(found: Sequence[str]) -> str:
    """Return ids as a filter ``id:in`` takes them."""
    return ",".join(found)


def _judge(answer: Answer, path: str) -> None:
    status = answer.status
    if status in (429, 503):
        raise PullBusy(_patience(answer))
    if status >= SERVER_ERROR:
        raise PullUnavailable(f"BigCommerce answers with an error of its own ({status})")
    if status == 401:  # noqa: PLR2004 unauthorised
        raise PullRefused(
            "BigCommerce does not accept the access token; make a new API account and enter "
            "its token in the settings of the store"
        )
    if status == 403:  # noqa: PLR2004 forbidden
        scope = next((word for begin, word in _SCOPES.items() if path.startswith(begin)), "")
        raise NotGranted(
            f"The API account may not see {path}; give it the scope {scope or 'that it needs'}, "
            "read-only"
        )
    if status == 404:  # noqa: PLR2004 not found
        raise NotThere(f"There is no {path} in this shop; look whether the API path is right")
    if not 200 <= status < 300:  # noqa: PLR2004 the class of success
        raise NotUnderstood(f"BigCommerce does not understand ({status}): {_words(answer)}")


def _patience(answer: Answer) -> float:
    """Return how many seconds the quota takes to begin anew."""
    milliseconds = answer.headers.get("X-Rate-Limit-Time-Reset-Ms", "")
    if milliseconds.isdecimal():
        return min(max(1.0, int(milliseconds) / 1000), LONGEST_WAIT)
    seconds = answer.headers.get("Retry-After", "")
    return min(float(seconds), LONGEST_WAIT) if seconds.isdecimal() else WAIT_SECONDS


def _words(answer: Answer) -> str:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return "it gives no reason"
    errors = found.get("errors")
    more = "; ".join(f"{name}: {text}" for name, text in errors.items()) if errors else ""
    text = str(found.get("title") or found.get("message") or "it gives no reason")
    return (f"{text} ({more})" if more else text)[:SHOWN]


def _envelope(found: Any, path: str) -> Item:
    if not isinstance(found, dict):
        raise PullUnavailable(f"BigCommerce's answer for {path} is not an object")
    return found


def _items(found: Any, path: str) -> list[Item]:
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise PullUnavailable(f"BigCommerce's answer for {path} is not a list of objects")
    return found
