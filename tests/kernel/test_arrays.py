from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from crm.choices import EventSource
from kernel.arrays import array

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ['a "quoted" \\ word, and {braces}'] * 3),
        ("text", ["", "NULL", "a\x1fb"]),
        ("text", [EventSource.SYSTEM, EventSource.SYSTEM]),
        ("text", list(EventSource)),
        ("bigint", [7, 7]),
        ("bigint", [7, None, -1]),
        ("boolean", [True, True]),
        ("boolean", [True, False, None]),
        ("timestamptz", [NOON, NOON]),
        ("timestamptz", [NOON, NOON.replace(microsecond=1), None]),
        ("text", [None, None]),
        ("text", []),
    ],
)
def test_a_column_comes_out_as_it_went_in(kind: str, values: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [array(values)])
        assert cursor.fetchone() == (values,)


@pytest.mark.django_db
def test_times_are_read_as_utc() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", ["2026-03-01 13:00+01"])
        at, nothing = cursor.fetchone()

    assert (at, at.tzinfo, nothing) == (NOON, UTC, None)
