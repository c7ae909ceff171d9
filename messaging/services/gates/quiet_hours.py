"""Nobody is disturbed at night, by their own clock and the rule of their country."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from crm.choices import Channel
from kernel.formats import format_time
from messaging.choices import MessageClass
from messaging.domain.limits import QuietSettings
from messaging.domain.quiet_hours import QuietTimes, find_quiet_end, spread
from messaging.domain.whereabouts import country_of_phone, find_zone_of
from messaging.services.gates.batch import limits_of_tenant, tenant_of_batch
from messaging.services.gating import MARKETING
from messaging.types import PendingMessage, Recipient, Verdict
from tenants.models import Tenant

SKIP = "skip"
"""What ``on_quiet`` of a context says where a message is worth nothing in the morning."""


class _Place(NamedTuple):
    """Where somebody is, and whether it is quiet there now; ``end`` is None while it is not."""

    zone: tzinfo
    times: QuietTimes
    end: datetime | None
    words: str


def quiet_hours_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Hold what would disturb somebody until they may be disturbed, and then a little longer.

    What is held is asked everything again when it is due, 0 to 15 minutes after the quiet hours.
    """
    settings = limits_of_tenant().quiet
    asked = [message for message in messages if _is_under(message, settings)]
    if not asked:
        return {}
    places = _Places(settings, tenant_of_batch(), now)
    verdicts = {}
    for message in asked:
        place = places.find(message.profile)
        verdicts[message.id] = (
            Verdict(passed=True, detail=place.words)
            if place.end is None
            else _hold(message, place, place.end)
        )
    return verdicts


def _is_under(message: PendingMessage, settings: QuietSettings) -> bool:
    if not settings.is_on or (message.channel == Channel.EMAIL and not settings.has_email):
        return False
    if message.message_class == MessageClass.SAFETY:
        return False
    return message.message_class in MARKETING or not settings.spares_orders


def _hold(message: PendingMessage, place: _Place, end: datetime) -> Verdict:
    verdict = Verdict(passed=False, detail=place.words)
    if message.context.get("on_quiet") == SKIP:
        return verdict
    return verdict._replace(wait_until=spread(end, place.zone, place.times, message.key))


class _Places:
    """Looks each zone and country up once for a batch."""

    def __init__(self, settings: QuietSettings, tenant: Tenant, now: datetime) -> None:
        self._settings = settings
        self._tenant = tenant
        self._now = now
        self._people: dict[tuple[str, str, str], _Place] = {}
        self._places: dict[tuple[str, str], _Place] = {}

    def find(self, person: Recipient) -> _Place:
        """Return where somebody is."""
        known = (person.timezone, person.country, person.phone if self._asks(person) else "")
        if known not in self._people:
            name, zone = find_zone_of(
                person.timezone, person.country, person.phone, self._tenant.timezone
            )
            country = person.country or country_of_phone(person.phone) or self._tenant.country
            self._people[known] = self._look(name, zone, country.upper())
        return self._people[known]

    @staticmethod
    def _asks(person: Recipient) -> bool:
        """Say whether the number may tell more than zone and country do."""
        return not (person.timezone and person.country)

    def _look(self, name: str, zone: tzinfo, country: str) -> _Place:
        if (name, country) not in self._places:
            times = self._settings.times_for(country)
            end = find_quiet_end(self._now, zone, times)
            words = f"{format_time(self._now, name, 'HH:mm')} in {name}"
            if end is not None:
                words += f"; quiet until {format_time(end, name, 'd MMM, HH:mm')}"
            self._places[name, country] = _Place(zone, times, end, words)
        return self._places[name, country]
