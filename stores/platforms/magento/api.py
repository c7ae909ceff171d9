"""Asking Magento: ``searchCriteria``, with the four values of an integration or its token alone.

Behind the last page Magento repeats the last one, so that only the total count tells the end.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from kernel.http import Answer, Client
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.oauth1 import Keys, sign, spell_header
from stores.types import StoreAccess

BASE: Final = "/rest/all/V1/"
NO_ADDRESS: Final = "Enter the shop's address and the access token of an integration"
INCOMPLETE: Final = (
    "Enter all four values of the integration, or the access token alone: with a consumer key "
    "belong the consumer secret and the access token secret"
)
WAIT_SECONDS: Final = 60.0
LONGEST_WAIT: Final = 3600.0
SERVER_ERROR: Final = 500
SHOWN: Final = 200
LARGEST: Final = 1000
TOGETHER: Final = 200
"""So many values of a filter fit into one address."""
MAX_PAGES: Final = 100
RULES: Final = ("salesRules", "coupons", "customerGroups")
FOR_READING: Final = "Sales, Customers, Catalog and Stores"
FOR_RULES: Final = "Cart Price Rules (under Marketing), Customer Groups and Stores"
"""API resources of an integration."""

Item = dict[str, Any]


class NotThere(PullRefused):
    """The shop has no such part of the API, or no such thing."""


class NotUnderstood(PullRefused):
    """The shop does not take what it was told; the others of a batch may be fine."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; all of a request hold together.

    Attributes:
        condition: such as ``eq``, ``gteq`` or ``in`` (values with commas).
    """

    field: str
    condition: str
    value: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list, and how many objects the whole list has."""

    items: Sequence[Item]
    total: int


class Api:
    """One shop, for one stretch of work.

    All of it raises:
        PullRefused: the shop refuses; `NotThere` where it has no such list.
        PullBusy: it asks for patience.
        PullUnavailable, HttpUnavailable: it does not answer now.
    """

    def __init__(self, access: StoreAccess, client: Client) -> None:
        found = access.credentials
        self._keys = Keys(
            found.get("consumer_key", ""),
            found.get("consumer_secret", ""),
            found.get("access_token", ""),
            found.get("access_token_secret", ""),
        )
        if not (access.url and self._keys.token):
            raise PullRefused(NO_ADDRESS)
        self._is_signed = bool(self._keys.consumer_key)
        if self._is_signed and not (self._keys.consumer_secret and self._keys.token_secret):
            raise PullRefused(INCOMPLETE)
        self._url = access.url
        self._client = client

    def search(
        self,
        path: str,
        filters: Sequence[Filter] = (),
        *,
        order: Sequence[str] = (),
        size: int = LARGEST,
        page: int = 1,
        fields: str = "",
    ) -> Found:
        """Return one page of a list.

        Args:
            path: such as ``orders``.
            filters: all of them hold.
            order: fields by which the list is sorted, upwards.
            size: of a page.
            page: from 1.
            fields: of each object; empty is all of them.
        """
        params = {
            "searchCriteria[pageSize]": str(size),
            "searchCriteria[currentPage]": str(page),
        }
        if fields:
            params["fields"] = f"items[{fields}],total_count"
        for number, each in enumerate(filters):
            stem = f"searchCriteria[filterGroups][{number}][filters][0]"
            params |= {
                f"{stem}[field]": each.field,
                f"{stem}[conditionType]": each.condition,
                f"{stem}[value]": each.value,
            }
        for number, name in enumerate(order):
            stem = f"searchCriteria[sortOrders][{number}]"
            params |= {f"{stem}[field]": name, f"{stem}[direction]": "ASC"}
        found = self.get(path, params)
        if not isinstance(found, dict):
            raise PullUnavailable(f"The shop's answer for {path} is not an object")
        items, total = found.get("items") or [], found.get("total_count")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise PullUnavailable(f"The shop's answer for {path} has no list of objects")
        return Found(items, total if isinstance(total, int) else 0)

    def list_of(self, path: str, field: str, values: Sequence[str]) -> list[Item]:
        """Return all objects whose field has one of some values; none for no value."""
        distinct = list(dict.fromkeys(values))
        return [
            item
            for first in range(0, len(distinct), TOGETHER)
            for item in self._list_some(path, field, distinct[first : first + TOGETHER])
        ]

    def _list_some(self, path: str, field: str, values: Sequence[str]) -> list[Item]:
        found: list[Item] = []
        wanted = Filter(field, "in", ",".join(values))
        for page in range(1, MAX_PAGES + 1):
            part = self.search(path, [wanted], page=page)
            found += part.items
            if page * LARGEST >= part.total:
                break
        return found

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Ask for something. Numbers with a point come as text, exact."""
        url, asked = self._url + BASE + path, dict(params or {})
        headers = self._authorize("GET", url, asked)
        return self._read(self._client.get(url, params=asked, headers=headers), path)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Tell the shop something, such as ``POST`` an object; returns its answer.

        Raises:
            NotUnderstood: it does not take it; the reason is in its words.
        """
        url = self._url + BASE + path
        headers = self._authorize(method, url, {})
        return self._read(self._client.send(method, url, headers=headers, json=body), path)

    def _authorize(self, method: str, url: str, asked: Mapping[str, str]) -> dict[str, str]:
        if self._is_signed:
            signed = sign(url, asked, self._keys, method)
            return {"Authorization": spell_header(signed)}
        return {"Authorization": f"Bearer {self._keys.token}"}

    def _read(self, answer: Answer, path: str) -> Any:
        self._judge(answer, path)
        try:
            return json.loads(answer.body, parse_float=str)
        except (ValueError, RecursionError) as exc:
            raise PullUnavailable(f"The shop's answer for {path} is not JSON") from exc

    def _judge(self, answer: Answer, path: str) -> None:
        status = answer.status
        if status in (429, 503):
            raise PullBusy(_patience(answer))
        if status >= SERVER_ERROR:
            raise PullUnavailable(f"The shop answers with an error of its own ({status})")
        if 300 <= status < 400:  # noqa: PLR2004 the class of redirects
            place = answer.headers.get("Location", "")[:SHOWN]
            raise PullRefused(f"{self._url} leads on to {place}; enter the address it leads to")
        if status in (401, 403):
            raise PullRefused(self._explain_refusal(_words(answer), path))
        if status == 404:  # noqa: PLR2004 not found
            host = urlsplit(self._url).netloc
            raise NotThere(f"{host} has no Magento REST API for {path}; check the address")
        if status != 200:  # noqa: PLR2004 OK
            raise NotUnderstood(f"Magento does not understand ({status}): {_words(answer)}")

    def _explain_refusal(self, words: str, path: str) -> str:
        if "authorized to access" in words:
            is_rule = path.startswith(RULES)
            verb, ticked = ("use", FOR_RULES) if is_rule else ("read", FOR_READING)
            return (
                f"The integration may not {verb} {path}: tick {ticked} "
                f"under its API resources, then reauthorise it. Magento says: {words}"
            )
        if self._is_signed:
            return f"Magento does not accept the four values of the integration: {words}"
        return (
            f"Magento does not accept the token: {words}. Since 2.4.4 it takes an access token "
            "alone only where the settings allow that; enter all four values of the integration"
        )


def _patience(answer: Answer) -> float:
    found = answer.headers.get("Retry-After", "")
    return min(float(found), LONGEST_WAIT) if found.isdecimal() else WAIT_SECONDS


def _words(answer: Answer) -> str:
    """Return what Magento says, its parameters put in."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return "it gives no reason"
    text, parameters = str(found.get("message") or "it gives no reason"), found.get("parameters")
    if isinstance(parameters, list):
        parameters = {str(number): value for number, value in enumerate(parameters, start=1)}
    for name, value in (parameters or {}).items():
        text = text.replace(f"%{name}", str(value))
    return text[:SHOWN].rstrip(".")
