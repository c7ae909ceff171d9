"""Every object that Magento documents, and its official schema, through the real pull."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import transaction
from jsonschema import Draft4Validator

from crm.models import Order, Product, Profile, Refund
from crm.services.stores import StoreData
from kernel.batches import Deadline
from stores.domain.codes import CodeTerms
from stores.models import InboxDelivery, SyncRun
from stores.platforms.magento.rules import spell_rule
from stores.platforms.magento.writing import spell_coupon
from stores.services.connections import connect_store
from stores.services.syncing import check_access, drain_syncs, start_sync
from stores.types import ConnectedStore
from tenants.models import Tenant
from tests.support.magento_api import FOUR, MageApi
from tests.support.payloads import load_payload

pytestmark = pytest.mark.django_db(transaction=True)

READ = {
    "sales-data-order-interface": "order",
    "customer-data-customer-interface": "customer",
    "catalog-data-product-interface": "product",
}
"""Definitions of the schema, and the payload of the tests that is shaped like them."""
AT = "2026-05-04 10:00:00"
PROPERTY = re.compile(r"^      ([a-z_0-9]+):$", re.MULTILINE)


@pytest.fixture
def store(tenant: Tenant, mage_api: MageApi, monkeypatch: pytest.MonkeyPatch) -> ConnectedStore:
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    data = StoreData(name="Ada Mage", platform="magento", url=mage_api.url, currency="USD")
    return connect_store(data, credentials=FOUR)


def documented(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield every documented request and answer with the page that it stands on."""
    found = json.loads((folder / "magento" / "rest_docs_examples.json").read_text("utf-8"))
    for page, examples in found.items():
        for example in examples:
            yield page.rpartition("rest/")[2], example["json"]


def list_of(each: Any) -> str:
    """Return which list of the shop an object is of; empty for one that is not pulled."""
    if not isinstance(each, dict):
        return ""
    if {"sku", "type_id", "id"} <= each.keys():
        return "products"
    if {"firstname", "email", "website_id", "id"} <= each.keys():
        return "customers/search"
    if {"grand_total", "increment_id", "order_id"} <= each.keys():
        return "creditmemos"
    return ""


def test_every_documented_object_is_read(
    store: ConnectedStore, mage_api: MageApi, conformance_data: Path
) -> None:
    rows: Counter[tuple[str, str]] = Counter()
    for page, example in documented(conformance_data):
        for each in example if isinstance(example, list) else [example]:
            name = list_of(each)
            rows[page, name or "not pulled"] += 1
            if name:
                number = len(mage_api.objects[name]) + 1
                whole = {"updated_at": AT, "created_at": AT, **each}
                mage_api.objects[name].append({**whole, "id": number, "entity_id": number})
    # Invoices are documented where credit memos are not; both have these fields.
    orders = {each["order_id"] for each in mage_api.objects["creditmemos"]}
    mage_api.objects["orders"] = [
        load_payload("magento/order", entity_id=each, total_refunded=1, order_currency_code="USD")
        for each in sorted(orders)
    ]

    start_sync(store.store_id)
    drain_syncs(Deadline(seconds=None))

    print()  # noqa: T201 the table is what this run is for
    for (page, name), number in sorted(rows.items()):
        print(f"{number:>3} × {page:<66} {name}")  # noqa: T201 likewise
    with transaction.atomic():
        run = SyncRun.objects.get()
        print(run.written_count, run.unchanged_count, run.ignored_count, run.quarantined_count)  # noqa: T201
        assert (run.status, run.detail, run.quarantined_count) == ("finished", "", 0)
        assert run.read_count == sum(len(mage_api.objects[name]) for name in LISTS)
        assert InboxDelivery.objects.count() == 0
        assert Refund.objects.count() == len(mage_api.objects["creditmemos"]) > 0
        assert Order.objects.count() == len(orders)
        assert Product.objects.exclude(title="").count() > 0
        assert Profile.objects.count() > 0


LISTS = ("products", "customers/search", "orders")


def test_what_is_read_stands_in_the_official_schema(conformance_data: Path) -> None:
    packed = conformance_data / "magento" / "admin-schema-2.4.9.swagger2.yaml.gz"
    schema = gzip.decompress(packed.read_bytes()).decode("utf-8")
    for name, payload in READ.items():
        begins = schema.index(f"\n  {name}:\n") + 1
        ends = re.compile(r"^  [\w-]+:$", re.MULTILINE).search(schema, begins + 4)
        known = set(PROPERTY.findall(schema[begins : ends.start() if ends else None]))
        ours = set(load_payload(f"magento/{payload}"))
        assert ours - known == set()
    for path in ("orders", "creditmemos", "shipments", "products", "customers/search"):
        assert f'\n  "/V1/{path}":' in schema
    for path in ("inventory/source-items", "categories/list", "store/websites"):
        assert f'\n  "/V1/{path}":' in schema


def test_what_is_written_stands_in_the_official_schema(conformance_data: Path) -> None:
    packed = conformance_data / "magento" / "admin-schema-2.4.9.swagger2.yaml.gz"
    schema = gzip.decompress(packed.read_bytes()).decode("utf-8")
    definitions: dict[str, Any] = {}
    for each in ("rule", "coupon", "condition"):
        name = f"sales-rule-data-{each}-interface"
        begins = schema.index(f"\n  {name}:\n") + 1
        ends = re.compile(r"^  [\w-]+:$", re.MULTILINE).search(schema, begins + 4)
        found = yaml.safe_load(schema[begins : ends.start() if ends else None])
        definitions |= {name: {**found[name], "additionalProperties": False}}
    terms = CodeTerms(
        "percent",
        Decimal("12.5"),
        starts_at=datetime(2026, 6, 1, tzinfo=UTC),
        ends_at=datetime(2026, 7, 1, tzinfo=UTC),
        minimum=Decimal(25),
    ).as_value()
    value = {"code": "ONE", "terms": terms, "asked_at": terms["starts_at"]}
    scope = {"website_ids": [1], "customer_group_ids": [0, 1]}
    told = {
        "rule": {**spell_rule(value, "Europe/London"), **scope},
        "coupon": spell_coupon("ONE", 7),
    }
    for each, body in told.items():
        of = {"$ref": f"#/definitions/sales-rule-data-{each}-interface"}
        Draft4Validator({"definitions": definitions, **of}).validate(body)
    for path in ("salesRules", "salesRules/search", "coupons", "coupons/search"):
        assert f'\n  "/V1/{path}":' in schema
    assert '\n  "/V1/coupons/{couponId}":' in schema
    assert '\n  "/V1/customerGroups/search":' in schema


def test_documented_errors_are_told_in_words(store: ConnectedStore, mage_api: MageApi) -> None:
    error = {"message": "%fieldName is a required field.", "parameters": {"fieldName": "sku"}}
    mage_api.fails = [(400, {}, error)]
    found = check_access(store.store_id)
    assert found.text == "Magento does not understand (400): sku is a required field."
