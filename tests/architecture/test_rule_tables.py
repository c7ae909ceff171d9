"""Tables that name the test of a rule: what they name must be there."""

import re
from pathlib import Path

import pytest

from crm.choices import IdentityKind

PROJECT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
TABLES = {"crm/IDENTITY.md": 40, "flows/RULES.md": 50, "stores/README.md": 15}
"""Each with how many it names at least."""


@pytest.mark.parametrize("table", TABLES)
def test_every_test_that_a_table_names_is_there(table: str) -> None:
    named = NAMED.findall((PROJECT / table).read_text("utf-8"))
    assert len(named) >= TABLES[table]
    absent = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^ *def {name}\(", (PROJECT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert absent == []


def test_no_identifier_is_an_address_of_the_network() -> None:
    assert set(IdentityKind.values) == {"customer_id", "email", "phone", "device", "anonymous"}
