"""Marks of pages: made by us, or left out."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Profile
from kernel.keyset import Place, Sorting, Statement, has_any, select_page, speak_count
from kernel.tenancy import tenant_scope
from tenants.models import Tenant

BY_NUMBER = Sorting("n.number", "n.id", "number")
LIST = Statement(
    "SELECT n.id, n.number FROM (VALUES (1, 5), (2, 5), (3, 7)) AS n (id, number)",
    ["%(tenant_id)s > 0"],
    {},
)


def ids(place: Place, *, descending: bool = False) -> list[int]:
    rows = select_page(LIST, BY_NUMBER, descending=descending, place=place).rows
    return [row.id for row in rows]


def test_equal_values_are_parted_by_the_key(tenant: Tenant) -> None:
    first = select_page(LIST, BY_NUMBER, descending=False, place=Place(limit=1))
    assert (first.next, first.previous) == ("5_1", None)
    assert ids(Place(after="5_1")) == [2, 3]
    assert ids(Place(before="7_3")) == [1, 2]
    assert ids(Place(after="5_2"), descending=True) == [1]


@pytest.mark.parametrize("mark", ["x", "_", "5_", "_5", "5_x", "9" * 30 + "_1", "1e9_1", "5_1_1"])
def test_a_mark_that_nobody_made_begins_at_the_first_page(tenant: Tenant, mark: str) -> None:
    assert ids(Place(after=mark)) == [1, 2, 3]


def test_a_count_at_the_ceiling_says_or_more() -> None:
    assert speak_count(50, 10_000, "orders") == "50 of 10,000+ orders"
    assert speak_count(3, 3, "orders") == "3 of 3 orders"


def test_whether_there_is_a_row_is_one_step_in_the_index(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    assert has_any(Profile.objects.all()) is False
    Profile.objects.create(country="GB")
    with CaptureQueriesContext(connection) as statements:
        assert has_any(Profile.objects.filter(country="GB"), "-created_at", "-pk") is True
    assert statements[-1]["sql"].endswith('"created_at" DESC, 1 DESC LIMIT 1')
    with tenant_scope(other_tenant.pk):
        assert has_any(Profile.objects.all()) is False
