"""Whether the script of a site speaks to us: asked by the install page, answered by the script.

Whoever installs it opens a page of the site with a token of the install page. The script answers
with the token, its key and whether it may speak; it says nothing of the visitor. Answers are kept
for some minutes, only for tokens that were given out here.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.core.cache import cache
from django.core.signing import BadSignature, Signer

from stores.services.write_keys import find_key

KEPT_SECONDS: Final = 900
MAX_PAGE: Final = 300
SALT: Final = "stores.site_checks"


class SiteState(StrEnum):
    """What the script says of itself."""

    OK = "ok"
    WAITING = "waiting"
    REFUSED = "refused"
    GPC = "gpc"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What the script of a site answered.

    Attributes:
        is_ours: whether its key is one of the tenant that asks.
        page: where it was, without its query.
    """

    state: SiteState
    is_ours: bool
    page: str

    @property
    def is_good(self) -> bool:
        """Whether what it tells arrives here."""
        return self.is_ours and self.state is SiteState.OK

    @property
    def title(self) -> str:
        """Say what was found, in a few words."""
        return _WORDS[self.state][0] if self.is_ours else _FOREIGN[0]

    @property
    def text(self) -> str:
        """Say what it means and what to do."""
        return _WORDS[self.state][1] if self.is_ours else _FOREIGN[1]


_FOREIGN: Final = (
    "Wrong key",
    (
        "The script is on the page with a key that this shop does not have, or no longer has. "
        "What it tells does not arrive here. Copy the tag again."
    ),
)
_WORDS: Final = {
    SiteState.OK: (
        "We see you",
        "The script is on the page, its key is right, and it may speak.",
    ),
    SiteState.WAITING: (
        "No consent yet",
        (
            "The script is on the page and says nothing, because visitors must agree first. "
            "Agree in your consent banner; if nothing changes here, the banner does not call "
            "patron.consent(true)."
        ),
    ),
    SiteState.REFUSED: (
        "Consent was refused",
        (
            "The script is on the page and says nothing: in this browser consent was refused. "
            "Agree in your consent banner, or try a private window."
        ),
    ),
    SiteState.GPC: (
        "Global Privacy Control is on",
        (
            "The script is on the page and says nothing, because this browser asks sites not to "
            "track. That is right; try another browser, or agree in your consent banner."
        ),
    ),
    SiteState.BLOCKED: (
        "Your site blocks the calls",
        (
            "The script runs, and what it sends is held back by the page's "
            "Content-Security-Policy or by an extension of this browser. Allow this address in "
            "connect-src."
        ),
    ),
}


def make_token() -> str:
    """Return a token for one look at the install page."""
    return Signer(salt=SALT).sign(secrets.token_urlsafe(9)).replace(":", ".")


def is_token(token: str) -> bool:
    """Say whether a token was given out here."""
    try:
        Signer(salt=SALT).unsign(token.replace(".", ":"))
    except BadSignature:
        return False
    return True


def note_answer(told: Mapping[str, Any]) -> bool:
    """Keep what a script answered; False for a token that nobody was given."""
    token, state = str(told.get("token", "")), str(told.get("state", ""))
    if not is_token(token) or state not in set(SiteState):
        return False
    key = find_key(str(told.get("key", "")))
    kept = {
        "tenant_id": None if key is None else key.tenant_id,
        "state": state,
        "page": str(told.get("page", ""))[:MAX_PAGE],
    }
    cache.set(f"site-check:{token}", json.dumps(kept), KEPT_SECONDS)
    return True


def find_answer(token: str, tenant_id: int) -> SiteAnswer | None:
    """Return what the script answered to a token, or None while it did not."""
    found = cache.get(f"site-check:{token}") if is_token(token) else None
    if found is None:
        return None
    kept = json.loads(found)
    return SiteAnswer(SiteState(kept["state"]), kept["tenant_id"] == tenant_id, kept["page"])
