"""Every webhook and object that BigCommerce documents, through the real endpoint and the fetch."""

import json
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from crm.models import Product
from stores.models import InboxDelivery
from stores.services.syncing import check_access
from tests.support.bigcommerce import FakeBigShop
from tests.support.bigcommerce_api import BigApi
from tests.support.payloads import load_payload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / "bigcommerce" / name).read_text("utf-8"))


def answers(folder: Path, name: str, path: str, key: str) -> list[dict[str, Any]]:
    """Return the documented objects of a path that are whole, each once."""
    found = {}
    for each in read(folder, name):
        example = each["example"]
        data = example.get("data", example) if isinstance(example, dict) else example
        if each["path"].startswith(path) and isinstance(data, dict) and key in data:
            found[json.dumps(data, sort_keys=True)] = data
    return list(found.values())


@transaction.atomic
def outcomes() -> list[tuple[str, str, str]]:
    rows = InboxDelivery.objects.order_by("topic", "pk").defer("body")
    return [(row.topic, row.status, row.reason) for row in rows]


def show(rows: list[tuple[str, str, str]]) -> None:
    print()  # noqa: T201 the table is what this run is for
    for (topic, status, reason), number in sorted(Counter(rows).items()):
        print(f"{number:>3} × {topic:<52} {status:<12} {reason}")  # noqa: T201 likewise


def fill(big_api: BigApi, checkouts: list[dict[str, Any]]) -> None:
    """Let the shop know everything that the documented webhooks name."""
    for number in (250, 251):
        big_api.objects["orders"].append(load_payload("bigcommerce/order", id=number))
    for number in (167, 205, 206):
        big_api.objects["products"].append(load_payload("bigcommerce/product", id=number))
    big_api.objects["customers"] = [load_payload("bigcommerce/customer", id=32)]
    big_api.objects["subscribers"] = [{"id": 5, "email": "reader@example.com"}]
    for name in (
        "09346904-4175-44fd-be53-f7e598531b6c",
        "b0386708-fef3-45de-9d8b-fbe3031450a4",
    ):
        big_api.checkouts[name] = {**checkouts[0], "id": name}


def test_every_documented_webhook_is_taken(
    big: FakeBigShop, big_api: BigApi, conformance_data: Path
) -> None:
    callbacks = read(conformance_data, "webhook_callbacks.json")
    fill(big_api, answers(conformance_data, "checkouts_v3_examples.json", "/checkouts", "cart"))
    for number, body in enumerate(callbacks.values()):
        status = big.deliver(body["scope"], json.dumps(body).encode(), f"w-{number}")
        assert status == HTTPStatus.OK

    assert big.fetch() == len(callbacks)

    rows = outcomes()
    show(rows)
    assert len(rows) == len(callbacks) == 42
    assert Counter(status for _, status, _ in rows) == {"applied": 33, "ignored": 9}
    paths = big_api.paths()
    assert [paths.count(f"v2/orders/{number}") for number in (250, 251)] == [1, 1]
    assert paths.count("v3/customers") == paths.count("v3/catalog/products") == 1


def test_every_documented_product_and_checkout_is_read(
    big: FakeBigShop, big_api: BigApi, conformance_data: Path
) -> None:
    products = answers(conformance_data, "products_v3_examples.json", "/catalog/products", "sku")
    checkouts = answers(conformance_data, "checkouts_v3_examples.json", "/checkouts", "cart")
    assert (len(products), len(checkouts) > 5) == (3, True)
    for number, product in enumerate(products, start=1):
        big_api.objects["products"].append({**product, "id": number})
        big.tell("product", number, f"p-{number}")
    for number, checkout in enumerate(checkouts):
        name = f"{number}-{checkout['id']}"
        big_api.checkouts[name] = {**checkout, "id": name}
        big.deliver("store/cart/updated", {"type": "cart", "id": name}, f"k-{number}")

    big.fetch()

    rows = outcomes()
    show(rows)
    assert [row for row in rows if row[1] in {"quarantined", "pending"}] == []
    with transaction.atomic():
        assert Product.objects.count() == len(products)


def test_documented_errors_are_told_in_words(
    big: FakeBigShop, big_api: BigApi, conformance_data: Path
) -> None:
    shop = answers(conformance_data, "store_v2_examples.json", "/store", "domain")
    big_api.broken["v2/store"] = (200, {}, shop[0])
    errors = [
        each
        for each in read(conformance_data, "customers_v3_examples.json")
        if int(each["status"]) >= 400
    ]
    assert len(errors) > 8
    assert check_access(big.store.store_id).text.startswith("BigCommerce answers for BigCommerce")
    for each in errors:
        big_api.broken["v3/customers"] = (int(each["status"]), {}, each["example"])
        found = check_access(big.store.store_id)
        assert not found.is_good
        assert "Internal" not in found.text
