"""Questions and answers in a mail: those that others may see, and nothing where there is none."""

from datetime import UTC, datetime

import pytest

from crm.models import Product, ProductQuestion, Store
from messaging.queries.shelves import question_values
from messaging.services.trying import find_reader, pending_for
from tenants.models import Tenant
from tests.messaging.test_blocks import mail, render

pytestmark = pytest.mark.covers("M13")

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tenant: Tenant) -> Store:
    return Store.objects.create(name="Shop", platform="custom", currency="GBP", timezone="UTC")


def make_question(store: Store, text: str, **fields: object) -> None:
    values = {"answer": "Yes.", "author": "Grace", "is_consented": True, **fields}
    ProductQuestion.objects.create(
        store=store,
        external_id=text,
        question=text,
        asked_at=NOON,
        source_version_at=NOON,
        **values,
    )


def test_answered_questions_whose_authors_agreed_are_shown(store: Store) -> None:
    soap = Product.objects.create(store=store, external_id="p", title="Lemon soap")
    make_question(store, "Is it <b>vegan</b>?", product_external_id="p")
    make_question(store, "Long?", answer="x " * 200)
    make_question(store, "Secret?", is_consented=False)
    make_question(store, "Unanswered?", answer="")
    [shelf] = question_values([pending_for(find_reader(None), None)]).values()

    html = render(mail("<mj-questions count='5' title='You asked'/>"), questions=shelf)

    assert "You asked" in html
    assert "Is it &lt;b&gt;vegan&lt;/b&gt;?" in html
    assert "Grace on Lemon soap" in html
    assert "Secret?" not in html
    assert "Unanswered?" not in html
    assert shelf["newest/5"][0]["answer"].endswith("…")
    assert [row["question"] for row in shelf[f"newest/5/{soap.pk}"]] == ["Is it <b>vegan</b>?"]


def test_without_a_question_there_is_no_heading(store: Store) -> None:
    [shelf] = question_values([pending_for(find_reader(None), None)]).values()

    html = render(mail("<mj-questions title='You asked'/>"), questions=shelf)

    assert "You asked" not in html


@pytest.mark.parametrize("key", ["best/3", "newest/0", "newest/13", "newest/3/x", "newest"])
def test_a_key_that_asks_for_nothing_is_no_value(store: Store, key: str) -> None:
    [shelf] = question_values([pending_for(find_reader(None), None)]).values()

    with pytest.raises(KeyError):
        shelf[key]
