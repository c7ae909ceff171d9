"""Times and days of request bodies, within the years that a shop can mean."""

from datetime import date, datetime
from typing import Any, Final, TypeVar

from rest_framework import serializers

When = TypeVar("When", date, datetime)

YEARS: Final = range(1900, 2201)
"""Beyond them lies what programs send for “unknown” and “never”: 0001-01-01 and 9999-12-31."""
_WRONG: Final = f"Say a time of the years {YEARS[0]} to {YEARS[-1]}; leave it out if there is none."


class Moment(serializers.DateTimeField):
    """A time that somebody says."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return it as aware.

        Raises:
            ValidationError: it is none, or of a year that nobody means.
        """
        return _within(super().to_internal_value(value))


class Day(serializers.DateField):
    """A day that somebody says."""

    def to_internal_value(self, value: Any) -> date:
        """Return it.

        Raises:
            ValidationError: it is none, or of a year that nobody means.
        """
        return _within(super().to_internal_value(value))


def _within(said: When) -> When:
    if said.year not in YEARS:
        raise serializers.ValidationError(_WRONG)
    return said
