"""Short links of texts: what a code leads to, and that somebody followed it."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from kernel.arrays import columns
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from messaging.domain.short_codes import make_code
from messaging.models import ShortLink
from messaging.services.tracking import record_click
from messaging.types import Hit, LinkToken


class LinkBook:
    """Collects the links of a batch of messages, and keeps them in one statement."""

    def __init__(self, now: datetime, base: str) -> None:
        """Begin empty.

        Args:
            now: aware.
            base: what short addresses begin with.
        """
        self._now = now
        self._base = base
        self._rows: dict[str, tuple[str, int, str]] = {}
        self._places: dict[int, list[str]] = {}

    def shorten(self, message_id: int, url: str) -> str:
        """Return the short address of a link; the same link of a message has one."""
        places = self._places.setdefault(message_id, [])
        if url not in places:
            places.append(url)
        key = settings.SECRET_KEY.encode()
        code = make_code(current_tenant_id(), message_id, places.index(url), key)
        self._rows[code] = (code, message_id, url)
        return f"{self._base}/l/{code}"

    def save(self) -> None:
        """Keep the links in the caller's transaction; those kept before are brought up to date."""
        if self._rows:
            params = columns("codes messages urls", list(self._rows.values()))
            run_sql("messaging.upsert_short_links", now=self._now, **params)


@transaction.atomic
def follow_short_link(code: str) -> LinkToken | None:
    """Return what a code of the active tenant leads to; None for one that nobody gave out."""
    found = ShortLink.objects.filter(code=code).first()
    if found is None:
        return None
    return LinkToken(current_tenant_id(), found.message_id, found.url)


def record_short_click(link: LinkToken, hit: Hit) -> None:
    """Record that somebody followed a short link; machines are flagged, as those of mails are."""
    record_click(link, hit)
