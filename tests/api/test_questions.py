"""Questions and answers by REST, and what of them mails may show."""

import json
from typing import Any

import pytest
from django.test import Client

from crm.models import Product, ProductQuestion, Store
from crm.queries.shelves import list_asked
from tenants.models import Tenant
from tests.factories.tenants import call_with, make_key

pytestmark = pytest.mark.covers("M13")

ASKED = {
    "external_id": "q-1",
    "product_external_id": "p-1",
    "question": "Is it vegan?",
    "answer": "Yes.",
    "author": "Grace Hopper",
    "is_consented": True,
}


def post(client: Client, body: object) -> Any:
    return client.post("/api/v1/questions/", json.dumps(body), content_type="application/json")


def test_a_question_is_told_answered_and_read(tenant: Tenant, api: Client) -> None:
    first = post(api, {"external_id": "q-1", "question": "Is it vegan?", "author": "Grace Hopper"})
    assert (first.status_code, first.json()["author"]) == (201, "Grace")
    assert list_asked(5) == []

    again = post(api, {"external_id": "q-1", "answer": "Yes.", "is_consented": True})

    assert (again.status_code, again.json()["question"]) == (200, "Is it vegan?")
    assert post(api, {"external_id": "q-1", "answer": "Yes."}).status_code == 200
    assert api.get(f"/api/v1/questions/{first.json()['id']}/").json() == again.json()
    listed = api.get("/api/v1/questions/?external_id=q-1").json()["results"]
    assert [row["id"] for row in listed] == [first.json()["id"]]
    assert [(one.question, one.answer, one.author) for one in list_asked(5)] == [
        ("Is it vegan?", "Yes.", "Grace")
    ]


def test_older_news_change_nothing(tenant: Tenant, api: Client) -> None:
    post(api, {**ASKED, "updated_at": "2026-05-04T10:00:00Z"})

    post(api, {**ASKED, "answer": "No.", "updated_at": "2026-05-03T10:00:00Z"})
    assert ProductQuestion.objects.get().answer == "Yes."
    post(api, {**ASKED, "is_consented": False, "updated_at": "2026-05-05T10:00:00Z"})
    assert list_asked(5) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"external_id": "q-1"}, "question"),
        ({"external_id": "q-1", "question": " "}, "question"),
        ({"question": "Is it?"}, "external_id"),
        ({**ASKED, "answer": "x" * 5_001}, "answer"),
        ({**ASKED, "store_id": "77"}, "store_id"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_kept(
    tenant: Tenant, api: Client, body: dict[str, Any], field: str
) -> None:
    answer = post(api, body)

    assert answer.status_code in {400, 404}
    assert list(answer.json()["fields"]) == [field]
    assert ProductQuestion.objects.count() == 0


def test_a_key_of_reviews_is_needed(tenant: Tenant, broker: object) -> None:
    reader = call_with(make_key(tenant, "reviews:read"))
    assert reader.get("/api/v1/questions/").status_code == 200
    assert post(reader, ASKED).status_code == 403
    assert call_with(make_key(tenant, "tickets:read")).get("/api/v1/questions/").status_code == 403


def test_those_of_one_product_are_found_by_what_its_store_calls_it(
    tenant: Tenant, api: Client
) -> None:
    store, other = (
        Store.objects.create(name=name, platform="custom", currency="GBP", timezone="UTC")
        for name in ("Shop", "Other")
    )
    soap = Product.objects.create(store=store, external_id="p-1", title="Lemon soap")
    Product.objects.create(store=other, external_id="p-1", title="Oil")
    post(api, {**ASKED, "store_id": str(store.pk)})
    post(api, {**ASKED, "store_id": str(other.pk), "question": "Is it oily?"})
    post(api, {**ASKED, "external_id": "q-2", "product_external_id": "", "question": "Open?"})

    assert [(one.question, one.product) for one in list_asked(5)] == [
        ("Open?", ""),
        ("Is it oily?", "Oil"),
        ("Is it vegan?", "Lemon soap"),
    ]
    assert [one.question for one in list_asked(5, soap.pk)] == ["Is it vegan?"]
    assert list_asked(5, 77) == []
