import pytest
import time_machine
from django.db import transaction

from crm.models import Refund
from stores.models import SyncRun
from stores.services.syncing import drain_syncs, start_sync
from stores.types import ConnectedStore
from tests.support.payloads import load_payload
from tests.support.shopify_api import ShopifyApi
from tests.support.shopify_fixture import FOREVER, follow, numbers, pull, run
from tests.support.shopify_objects import graph_order, graph_refund

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_a_worker_that_died_is_taken_over(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(1)]
    start_sync(shopify.store_id)
    drain_syncs(FOREVER)
    with transaction.atomic():
        cursor = {**(run().cursor or {}), "step": "run"}
        SyncRun.objects.update(cursor=cursor)
    assert follow(at_ten).status == "finished"
    assert numbers() == [1]
    assert len(shopify_api.operations) == 3


def test_one_of_somebody_else_is_waited_for(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(1)]
    error = {"message": "A bulk operation is already in progress", "code": None}
    shopify_api.refuses_bulk = [error]
    start_sync(shopify.store_id)
    drain_syncs(FOREVER)
    assert (run().status, run().detail) == (
        "waiting",
        "Shopify is putting other data together for the same app",
    )
    assert follow(at_ten).status == "finished"
    assert numbers() == [1]


def test_what_shopify_does_not_get_together_is_read_page_by_page(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["products"] = [load_payload("shopify/graph_product")]
    shopify_api.objects["orders"] = [
        graph_order(number, refunds=[graph_refund(number)]) for number in range(1, 13)
    ]
    shopify_api.states = ["FAILED", "COMPLETED", "COMPLETED", "FAILED", "EXPIRED", "CANCELED"]
    done = pull(shopify, at_ten)
    assert (done.status, done.read_count, numbers()) == ("finished", 13, list(range(1, 13)))
    assert shopify_api.kinds().count("bulkOperationRunQuery") == 6
    with transaction.atomic():
        assert Refund.objects.count() == 12


def test_a_query_that_is_not_taken_in_bulk_is_read_page_by_page(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(1)]
    shopify_api.refuses_bulk = [{"message": "Invalid bulk query", "code": "INVALID"}] * 3
    assert pull(shopify, at_ten).status == "finished"
    assert numbers() == [1]


def test_a_file_with_too_few_objects_is_made_again(
    shopify: ConnectedStore, shopify_api: ShopifyApi, at_ten: time_machine.Traveller
) -> None:
    shopify_api.objects["orders"] = [graph_order(number) for number in range(1, 4)]

    def cut(kind: str) -> None:
        if kind == "file" and len(shopify_api.fetched) == 1:
            file = shopify_api.folder / "3.jsonl"
            file.write_text("".join(file.read_text().splitlines(keepends=True)[:2]))

    shopify_api.before_answer = cut
    done = pull(shopify, at_ten)
    assert (done.status, numbers()) == ("finished", [1, 2, 3])
    assert len(shopify_api.operations) == 4
