"""Make-believe readers of the mails that Patron sends: some open, some click, some buy again.

They do what a person's browser does: load the picture, follow a link. Whoever clicked is a
shopper of the store, so what she then buys arrives as a signed webhook like any other order.
"""

import html
import json
import random
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

OPEN_SHARE: Final = 0.45
CLICK_SHARE: Final = 0.12
BUY_SHARE: Final = 0.4
"""Of those who click."""
USER_AGENT: Final = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15"
)
NEWEST: Final = 20
"""Mails looked at in one go; in a rush the rest stays unread."""
TIMEOUT_SECONDS: Final = 5.0

_PICTURE: Final = re.compile(r'src="[^"/]+//[^"/]+(/o/[^"]+)"')
_LINK: Final = re.compile(r'href="[^"/]+//[^"/]+(/c/[^"]+)"')


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody does with one mail, as time since it arrived; None is never."""

    open_after: timedelta | None = None
    click_after: timedelta | None = None
    buy_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as a reader sees it.

    Attributes:
        picture: path of its open pixel; empty when it has none.
        links: paths of its tracked links, in order.
    """

    id: str
    tenant_id: int
    to: str
    picture: str
    links: tuple[str, ...]


def decide_reading(rng: random.Random, *, pace: timedelta) -> Reading:
    """Draw what one person does with one mail.

    Args:
        rng: of the run.
        pace: how long a moment is: a second live, minutes in a year that is told quickly.
    """
    luck = rng.random()
    open_after = rng.randint(5, 40) * pace
    click_after = open_after + rng.randint(4, 15) * pace
    buy_after = click_after + rng.randint(15, 60) * pace
    has_will = rng.random() < BUY_SHARE
    if luck >= OPEN_SHARE:
        return Reading()
    if luck >= CLICK_SHARE:
        return Reading(open_after)
    return Reading(open_after, click_after, buy_after if has_will else None)


def read_letter(mail: dict[str, Any]) -> Letter:
    """Return what a mail of the mailbox's JSON holds for its reader."""
    reference = mail["headers"].get("X-Patron-Message", "")
    tenant_id = reference.partition("-")[0]
    pictures = _PICTURE.findall(mail["html"])
    return Letter(
        id=mail["id"],
        tenant_id=int(tenant_id) if tenant_id.isdecimal() else 0,
        to=mail["to"][0] if mail["to"] else "",
        picture=html.unescape(pictures[0]) if pictures else "",
        links=tuple(html.unescape(link) for link in _LINK.findall(mail["html"])),
    )


class Letterbox:
    """The mail sink of this instance over HTTP, as far as it holds mails of some tenants."""

    def __init__(self, address: str, tenant_ids: Collection[int]) -> None:
        """Aim at an instance; what its mailbox holds already is taken as read.

        Args:
            address: such as ``http://127.0.0.1:8000``; links of mails are followed there.
            tenant_ids: whose mails are read; all others stay untouched.
        """
        self._address = urlsplit(address)
        self._tenant_ids = frozenset(tenant_ids)
        self._last: str | None = None

    def take_new(self) -> list[Letter]:
        """Return the mails since the last look, oldest first; an unreachable sink has none."""
        status, body = self._get(f"/mailbox/messages.json?limit={NEWEST}")
        if status != HTTPStatus.OK:
            return []
        letters = [read_letter(mail) for mail in reversed(json.loads(body))]
        last, self._last = self._last, letters[-1].id if letters else self._last or ""
        if last is None:
            return []
        return [
            letter
            for letter in letters
            if letter.id > last and letter.tenant_id in self._tenant_ids
        ]

    def visit(self, path: str) -> None:
        """Load one address of a mail; nobody minds when it does not answer."""
        self._get(path)

    def _get(self, path: str) -> tuple[int, bytes]:
        kind = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        connection = kind(self._address.hostname or "", self._address.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", path, headers={"User-Agent": USER_AGENT})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (HTTPException, OSError):
            return 0, b""
        finally:
            connection.close()
