"""Asking Klaviyo: JSON:API of the revision below, with a private API key that may only read.

A page is followed by its own link to the next one; no page numbers are kept, so that nothing is
passed over when the account changes meanwhile.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from imports.domain.klaviyo import Cells, Item, read_event, read_member, read_person
from kernel.http import Answer, Client
from stores.errors import PullBusy, PullRefused, PullUnavailable

REVISION: Final = "2026-10-15"
PEOPLE, EVENTS, LIST = "people", "events", "list"
PEOPLE_SIZE: Final = 100
EVENTS_SIZE: Final = 200
MAX_LISTS: Final = 200
WAIT_SECONDS: Final = 60.0
LONGEST_WAIT: Final = 3600.0
SERVER_ERROR: Final = 500
REFUSED: Final = (401, 403)
BUSY: Final = (429, 503)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a key belongs to, and which lists there are, as id and name."""

    name: str
    lists: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and the address of the next one; empty: that was all."""

    rows: list[Cells]
    following: str


def read_account(key: str, client: Client) -> Account:
    """Find out whom a key belongs to.

    Raises:
        PullRefused: the key is wrong, or may not read what is needed.
        PullBusy, PullUnavailable, HttpUnavailable: Klaviyo does not answer now.
    """
    found = _ask(key, client, f"{_base()}/api/accounts")
    accounts = [each for each in found.get("data", []) if isinstance(each, dict)]
    said = accounts[0].get("attributes", {}) if accounts else {}
    name = (said.get("contact_information") or {}).get("organization_name") or "Klaviyo account"
    lists: list[tuple[str, str]] = []
    address = f"{_base()}/api/lists"
    while address and len(lists) < MAX_LISTS:
        page = _ask(key, client, address)
        lists += [
            (str(each.get("id", "")), str(each.get("attributes", {}).get("name") or "List"))
            for each in page.get("data", [])
            if isinstance(each, dict)
        ]
        address = _following(page)
    _ask(key, client, first_address(PEOPLE, size=1))
    return Account(str(name), tuple(lists))


def first_address(
    what: str, *, list_id: str = "", since: datetime | None = None, size: int = 0
) -> str:
    """Return the address of the first page of people, of a list, or of events.

    Args:
        what: ``people``, ``list`` or ``events``.
        list_id: of the list.
        since: aware; events from then on.
        size: rows of a page; 0 is the most that is good.
    """
    if what == EVENTS:
        params = {
            "include": "metric,profile",
            "sort": "datetime",
            "page[size]": str(size or EVENTS_SIZE),
            "fields[profile]": "email,phone_number,external_id",
            "fields[metric]": "name",
        }
        if since is not None:
            params["filter"] = f"greater-or-equal(datetime,{since:%Y-%m-%dT%H:%M:%S}Z)"
        return f"{_base()}/api/events?{urlencode(params)}"
    params = {"page[size]": str(size or PEOPLE_SIZE)}
    if what == LIST:
        params["fields[profile]"] = "email,phone_number,external_id"
        return f"{_base()}/api/lists/{list_id}/profiles?{urlencode(params)}"
    params["additional-fields[profile]"] = "subscriptions"
    params["sort"] = "id"
    return f"{_base()}/api/profiles?{urlencode(params)}"


def fetch_page(key: str, client: Client, what: str, address: str) -> Page:
    """Fetch a page and turn it into rows.

    Raises:
        PullRefused: the key is wrong, or may not read this.
        PullBusy: Klaviyo asks for patience.
        PullUnavailable, HttpUnavailable: it does not answer now.
    """
    found = _ask(key, client, address)
    items = [each for each in found.get("data", []) if isinstance(each, dict)]
    included: dict[tuple[str, str], Item] = {
        (str(each.get("type")), str(each.get("id"))): each
        for each in found.get("included", [])
        if isinstance(each, dict)
    }
    match what:
        case "events":
            rows = [read_event(item, included) for item in items]
        case "list":
            rows = [read_member(item) for item in items]
        case _:
            rows = [read_person(item) for item in items]
    return Page(rows, _following(found))


def _ask(key: str, client: Client, address: str) -> dict[str, Any]:
    headers = {
        "Authorization": f"Klaviyo-API-Key {key}",
        "revision": REVISION,
        "Accept": "application/vnd.api+json",
    }
    return _read(_judge(client.get(address, headers=headers)))


def _judge(answer: Answer) -> Answer:
    if answer.status in BUSY:
        raise PullBusy(_patience(answer.headers))
    if answer.status in REFUSED:
        raise PullRefused(
            "Klaviyo refuses the key. Make a private key that may read accounts, profiles, lists, "
            "subscriptions, events and metrics"
        )
    if answer.status >= SERVER_ERROR:
        raise PullUnavailable(f"Klaviyo answers with an error of its own ({answer.status})")
    if answer.status != 200:  # noqa: PLR2004 OK
        raise PullRefused(f"Klaviyo refuses what is asked ({answer.status})")
    return answer


def _patience(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "")
    seconds = float(text) if text.isdecimal() else WAIT_SECONDS
    return min(max(seconds, 1.0), LONGEST_WAIT)


def _read(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError as exc:
        raise PullUnavailable("Klaviyo answers with something that is no JSON") from exc
    if not isinstance(found, dict) or not isinstance(found.get("data"), list):
        raise PullUnavailable("Klaviyo answers in a form that is not known")
    return found


def _following(found: Mapping[str, Any]) -> str:
    """Return the link to the next page, which must lead to Klaviyo: the key goes with it."""
    link = (found.get("links") or {}).get("next") or ""
    if link and urlsplit(link)[:2] != urlsplit(_base())[:2]:
        raise PullUnavailable("Klaviyo names a next page that is not its own")
    return str(link)


def _base() -> str:
    return str(settings.KLAVIYO_URL).rstrip("/")
