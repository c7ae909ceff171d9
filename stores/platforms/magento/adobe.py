"""Adobe I/O Events: which events of a shop are sent where.

A project in Adobe's Developer Console has a workspace, and that an OAuth credential of a server.
With it a registration is made that sends events of the shop's provider to one address.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from kernel.http import Answer, Client
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.fields import Json, child, children, text

TOKEN_HOST: Final = "https://ims-na1.adobelogin.com"  # noqa: S105 a host
EVENTS_HOST: Final = "https://api.adobe.io"
SCOPES: Final = "AdobeID,openid,read_organizations,adobeio_api"
WORKSPACE: Final = "adobe_workspace"
CLIENT_ID: Final = "adobe_client_id"
CLIENT_SECRET: Final = "adobe_client_secret"  # noqa: S105 the name of the credential
PROVIDER: Final = "adobe_provider"
OF_COMMERCE: Final = "dx_commerce_events"
PREFIX: Final = "com.adobe.commerce."
INCOMPLETE: Final = (
    "Enter the address of the workspace in the Adobe Developer Console with the client ID and the "
    "client secret of its OAuth credential, or leave all three empty"
)
NO_WORKSPACE: Final = (
    "The address of the workspace is not one of the Adobe Developer Console; open the workspace "
    "there and copy the address from the browser"
)
WAIT_SECONDS: Final = 60.0
LONGEST_WAIT: Final = 3600.0
SERVER_ERROR: Final = 500
SHOWN: Final = 200
_PLACE: Final = re.compile(r"/projects/(\w{1,60})/(\w{1,60})/workspaces/(\w{1,60})(?:/|$)")
_NAME: Final = "Patron"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where registrations are made, and what lets Patron in.

    Attributes:
        organization: id of the consumer organization.
        provider: id of whoever emits the events; empty: the one of Adobe Commerce.
    """

    organization: str
    project: str
    workspace: str
    client_id: str
    client_secret: str
    provider: str

    @property
    def path(self) -> str:
        """Path of its registrations."""
        return f"/events/{self.organization}/{self.project}/{self.workspace}/registrations"


def is_given(credentials: Mapping[str, str]) -> bool:
    """Say whether anything was entered that has events registered."""
    return any(credentials.get(name) for name in (WORKSPACE, CLIENT_ID, CLIENT_SECRET))


def read_workspace(credentials: Mapping[str, str]) -> Workspace:
    """Read what was entered.

    Raises:
        PullRefused: a part is missing, or the address is of something else.
    """
    parts = [credentials.get(name, "") for name in (WORKSPACE, CLIENT_ID, CLIENT_SECRET)]
    if not all(parts):
        raise PullRefused(INCOMPLETE)
    place = _PLACE.search(parts[0])
    if place is None:
        raise PullRefused(NO_WORKSPACE)
    return Workspace(
        organization=place[1],
        project=place[2],
        workspace=place[3],
        client_id=parts[1],
        client_secret=parts[2],
        provider=credentials.get(PROVIDER, ""),
    )


class Events:
    """The registrations of one workspace, for one stretch of work.

    All of it raises:
        PullRefused: Adobe refuses.
        PullBusy: it asks for patience.
        PullUnavailable, HttpUnavailable: it does not answer now.
    """

    def __init__(self, workspace: Workspace, client: Client) -> None:
        self._workspace = workspace
        self._client = client
        self._token = self._exchange()

    def find_provider(self) -> str:
        """Return the id of the provider of the shop's events."""
        if self._workspace.provider:
            return self._workspace.provider
        found = self._ask("GET", f"/events/{self._workspace.organization}/providers")
        providers = [
            each
            for each in children(child(found, "_embedded"), "providers")
            if text(each, "provider_metadata") == OF_COMMERCE
        ]
        if len(providers) == 1:
            return text(providers[0], "id")
        if not providers:
            raise PullRefused(
                "The organization has no provider of Adobe Commerce events; set Adobe I/O Events "
                "up in the shop under Stores, Configuration, Adobe Services"
            )
        names = ", ".join(f"{text(each, 'label')} ({text(each, 'id')})" for each in providers)
        raise PullRefused(f"Enter the event provider of this shop, one of {names}")

    def keep(self, address: str, topics: Sequence[str]) -> None:
        """Have some events of the shop sent to an address; what is sent already stays."""
        provider = self.find_provider()
        wanted = {(provider, PREFIX + topic) for topic in topics}
        found = self._find(address)
        if found is None:
            self._ask("POST", self._workspace.path, self._describe(address, wanted))
            return
        known = {
            (text(each, "provider_id"), text(each, "event_code"))
            for each in children(found, "events_of_interest")
        }
        if wanted <= known and found.get("enabled") is not False:
            return
        path = f"{self._workspace.path}/{text(found, 'registration_id')}"
        self._ask("PUT", path, self._describe(address, wanted | known) | {"enabled": True})

    def remove(self, address: str) -> int:
        """Have nothing sent to an address any more; returns how many events were."""
        found = self._find(address)
        if found is None:
            return 0
        self._ask("DELETE", f"{self._workspace.path}/{text(found, 'registration_id')}")
        return len(children(found, "events_of_interest"))

    def _describe(self, address: str, wanted: set[tuple[str, str]]) -> dict[str, Any]:
        return {
            "client_id": self._workspace.client_id,
            "name": _NAME,
            "description": "Orders, customers and products for Patron",
            "webhook_url": address,
            "delivery_type": "webhook",
            "events_of_interest": [
                {"provider_id": provider, "event_code": code} for provider, code in sorted(wanted)
            ],
        }

    def _find(self, address: str) -> Json | None:
        found = child(self._ask("GET", self._workspace.path), "_embedded")
        registrations = children(found, "registrations")
        return next((each for each in registrations if text(each, "webhook_url") == address), None)

    def _exchange(self) -> str:
        given = {
            "grant_type": "client_credentials",
            "client_id": self._workspace.client_id,
            "client_secret": self._workspace.client_secret,
            "scope": SCOPES,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(given).encode()
        answer = self._client.post(f"{TOKEN_HOST}/ims/token/v3", body, headers=headers)
        if answer.status in (400, 401, 403):
            raise PullRefused(f"Adobe does not know the OAuth credential: {_words(answer)}")
        return text(_read(answer), "access_token")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "x-api-key": self._workspace.client_id,
            "Accept": "application/hal+json",
        }
        url = EVENTS_HOST + path
        if method == "GET":
            return _read(self._client.get(url, headers=headers))
        return _read(self._client.send(method, url, headers=headers, json=body))


def _read(answer: Answer) -> Json:
    if answer.status == 429:  # noqa: PLR2004 too many requests
        patience = answer.headers.get("Retry-After", "")
        seconds = float(patience) if patience.isdecimal() else WAIT_SECONDS
        raise PullBusy(min(seconds, LONGEST_WAIT))
    if answer.status >= SERVER_ERROR:
        raise PullUnavailable(f"Adobe answers with an error of its own ({answer.status})")
    if answer.status not in (200, 201, 204):
        raise PullRefused(f"Adobe does not take it ({answer.status}): {_words(answer)}")
    found = _parse(answer)
    if found is None and answer.status != 204:  # noqa: PLR2004 no content
        raise PullUnavailable("Adobe's answer is not an object")
    return found or {}


def _parse(answer: Answer) -> Json | None:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _words(answer: Answer) -> str:
    """Return what Adobe says."""
    found = _parse(answer) or {}
    names = ("message", "error_description", "error")
    said = next((told for name in names if (told := text(found, name))), "it gives no reason")
    return said[:SHOWN].rstrip(".")
