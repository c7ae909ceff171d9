"""Make-believe readers of the demo's first weeks: what they did with their mail before today."""

import random
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from kernel.scope import current_tenant_id
from messaging.queries.messages import list_sent
from messaging.services.tracking import record_click, record_open
from messaging.types import Hit, LinkToken
from stores.simulator.history import Year
from stores.simulator.readers import USER_AGENT, Reading, decide_reading

PACE: Final = timedelta(minutes=8)
"""People open within hours of the day on which a mail was sent."""


class PastReaders:
    """Reads the mails of one store's year as they are sent."""

    def __init__(self, year: Year, *, seed: int) -> None:
        """Read what the flows of the active tenant send while ``year`` is told."""
        self._year = year
        self._rng = random.Random(seed)  # noqa: S311 make-believe data is not cryptography
        self._read_until = year.starts_at

    @transaction.atomic
    def read_mail(self) -> None:
        """Open, click and buy again for some of the mails since the last look."""
        for message_id, email, sent_at in list_sent(since=self._read_until):
            self._read_until = sent_at
            reading = decide_reading(self._rng, pace=PACE)
            self._touch(message_id, sent_at, reading)
            if reading.buy_after and sent_at + reading.buy_after < self._year.until:
                self._year.buy_again(email, sent_at + reading.buy_after)

    def _touch(self, message_id: int, sent_at: datetime, reading: Reading) -> None:
        shop = f"https://{self._year.shop.domain}"
        steps = ((reading.open_after, record_open, ""), (reading.click_after, record_click, shop))
        for after, record, url in steps:
            if after and sent_at + after < self._year.until:
                record(LinkToken(current_tenant_id(), message_id, url), _hit(sent_at + after))


def _hit(at: datetime) -> Hit:
    return Hit(method="GET", user_agent=USER_AGENT, ip=None, is_prefetch=False, at=at)
