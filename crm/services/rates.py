"""Amounts in the tenant's currency."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from crm.services.batch import Batch
from kernel import money
from kernel.arrays import columns
from kernel.formats import find_zone
from kernel.sql import run_sql


class Converter:
    """Converts amounts of a batch: by the store's own figure, else by the day's rate."""

    def __init__(self, batch: Batch, amounts: Iterable[tuple[str, datetime]]) -> None:
        self._currency = batch.currency
        self._zone: ZoneInfo = find_zone(batch.zone)
        wanted = {
            (currency, self._day(at)) for currency, at in amounts if currency != self._currency
        }
        self._rates = _find_rates(sorted(wanted))

    def convert(
        self, minor: int, currency: str, at: datetime, given: tuple[str, int | None]
    ) -> int | None:
        """Return an amount in minor units of the tenant's currency; None without a rate.

        Args:
            minor: in minor units of ``currency``.
            currency: ISO 4217.
            at: the day in the tenant's zone decides the rate.
            given: currency and amount by the store's own conversion, where it made one.
        """
        if currency == self._currency:
            return minor
        if given[0] == self._currency and given[1] is not None:
            return given[1]
        rate = self._rates.get((currency, self._day(at)))
        if rate is None:
            return None
        return money.convert(minor, source=currency, target=self._currency, rate=rate)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()


def _find_rates(wanted: Sequence[tuple[str, date]]) -> dict[tuple[str, date], Decimal]:
    if not wanted:
        return {}
    rows = run_sql("crm.find_rates", **columns("currencies days", wanted))
    return {(row.currency, row.on_day): row.rate for row in rows}
