"""Segments that name products by id say their titles, in a fixed number of statements."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Product
from flows.queries.pages import draw, find_version
from flows.services.flows import create_flow, publish
from segments.queries.listing import describe_definition, payloads_of
from segments.queries.overview import summarize
from segments.queries.reasons import explain_segments
from tenants.models import Tenant
from tests.factories.crm import make_store
from tests.factories.flows import definition
from tests.factories.segments import make_buyer, make_segment
from tests.flows.support import make_template

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def goods(tenant: Tenant) -> list[int]:
    """Soap, tea that the store has deleted, something without a title, and what is nowhere."""
    store = make_store()
    made = [
        Product.objects.create(store=store, external_id="1", title="Lavender soap"),
        Product.objects.create(store=store, external_id="2", title="Tea", deleted_at=NOW),
        Product.objects.create(store=store, external_id="3"),
        Product.objects.create(store=store, external_id="4", title="Gone"),
    ]
    ids = [product.pk for product in made]
    made[3].delete()
    return ids


def bought(ids: list[int]) -> dict[str, Any]:
    return {"bought": {"product": [str(key) for key in ids]}}


def words(ids: list[int]) -> str:
    return (
        f"Bought product “Lavender soap” or “Tea (deleted)” or “#{ids[2]}” or “#{ids[3]} (deleted)”"
    )


@pytest.mark.covers("S14")
def test_products_are_told_by_their_titles_and_deleted_ones_as_such(goods: list[int]) -> None:
    ada = make_buyer(last_order_at=NOW)
    segment = make_segment(bought(goods))
    assert describe_definition(segment.definition) == words(goods)
    assert payloads_of([segment])[0]["words"] == words(goods)
    assert summarize([segment], NOW)[0].words == words(goods)
    [reason] = explain_segments(ada, NOW)
    assert (reason.words, reason.leaves[0].words) == (words(goods), words(goods))
    assert describe_definition({"not_bought": {"product": str(goods[0])}}) == (
        "Never bought product “Lavender soap”"
    )


def test_titles_of_any_number_of_segments_take_one_statement(goods: list[int]) -> None:
    segments = [make_segment(bought(goods[:1]), "One")]

    def count() -> int:
        with CaptureQueriesContext(connection) as statements:
            summarize(segments, NOW)
        return len(statements)

    first = count()
    segments += [make_segment(bought([key]), f"Of {key}") for key in goods[1:]]
    assert count() == first


def test_a_flow_says_the_titles_of_products_in_its_conditions(goods: list[int]) -> None:
    make_template("note")
    flow = create_flow(name="Soap")
    publish(flow.pk, {**definition(), "entry_filter": bought(goods[:2])})
    flow.refresh_from_db()
    version = find_version(flow.pk, flow.version_number)
    assert version is not None
    assert ("Who", "Bought product “Lavender soap” or “Tea (deleted)”") in draw(version).rules
