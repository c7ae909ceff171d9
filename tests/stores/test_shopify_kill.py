"""A first fill whose workers are killed in the middle of it.

``PATRON_FILL_ORDERS`` says of how many orders; a merchant's whole history is tried by hand.
"""

import os
import signal
from pathlib import Path

import pytest
from django.db import connections, transaction
from django.db.models import Count, Sum

from crm.models import Event, Order, Profile, Refund
from crm.services.checks import find_differences
from crm.services.reactions import drain_reactions
from crm.services.stores import StoreData
from flows.models import FlowRun
from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from stores.models import SyncRun
from stores.platforms.shopify import pull
from stores.services import reading_ahead
from stores.services.connections import connect_store
from stores.services.syncing import drain_syncs, start_sync
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow
from tests.factories.messaging import make_template
from tests.support.shopify_api import TOKEN, ShopifyApi
from tests.support.shopify_objects import ManyOrders

ORDERS = int(os.environ.get("PATRON_FILL_ORDERS", "1200"))
MOST_MEGABYTES = 100
"""How much a worker may take beyond what it inherits of the tests that ran before."""


class Killer:
    """Kills a worker when it has asked for something so many times."""

    def __init__(self, api: ShopifyApi, kind: str, times: int) -> None:
        self.kind, self.left = kind, times
        self.victim = 0
        api.before_answer = self.count

    def count(self, kind: str) -> None:
        if self.victim and kind == self.kind:
            self.left -= 1
            if self.left == 0:
                os.kill(self.victim, signal.SIGKILL)


def fill_in_a_child(tenant: Tenant, killer: Killer) -> int:
    """Work in a process of its own until the run ends or it is killed; return how it ended."""
    reader, writer = os.pipe()
    inherited = resident_megabytes()
    pid = os.fork()
    if pid == 0:
        try:
            os.read(reader, 1)  # until it is known whom to kill
            for connection in connections.all():
                connection.connection = None  # the parent's; not to be closed
            with tenant_scope(tenant.pk):
                work()
        finally:
            os._exit(0)
    killer.victim = pid
    os.write(writer, b"x")
    _, status, used = os.wait4(pid, 0)
    os.close(reader)
    os.close(writer)
    assert used.ru_maxrss / 1024 - inherited < MOST_MEGABYTES
    return os.waitstatus_to_exitcode(status)


def resident_megabytes() -> float:
    """Return how much memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def work() -> None:
    """Work the run off; whatever it waits for has come at once."""
    while True:
        drain_syncs(Deadline(seconds=None))
        with transaction.atomic():
            waiting = SyncRun.objects.filter(status="waiting")
            if not waiting.update(wake_at=clock.now()):
                return


@transaction.atomic
def let_the_lease_pass() -> SyncRun:
    run = SyncRun.objects.get()
    assert run.status == "running"
    SyncRun.objects.update(lease_until=clock.now())
    return run


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_first_fill_that_is_killed_twice_is_complete_and_exact(
    transactional_db: None, shopify_api: ShopifyApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.work.ring_now", lambda kind, tenant: None)
    # One page is read ahead, so that the third is asked for once the first is applied.
    monkeypatch.setattr(reading_ahead, "MOST_OBJECTS", 1)
    monkeypatch.setattr(pull, "ROOTS_A_PAGE", 200)
    shopify_api.most = shopify_api.points = 1e9
    shopify_api.objects["orders"] = ManyOrders(ORDERS)
    tenant = Tenant.objects.create(
        name="Ada Soap", slug="ada-soap", currency="GBP", timezone="Europe/London"
    )
    with tenant_scope(tenant.pk):
        data = StoreData(name="Ada", platform="shopify", url=shopify_api.url, currency="GBP")
        store = connect_store(data, credentials={"access_token": TOKEN})
        with transaction.atomic():
            make_template("note", "promotional")
            make_flow(definition())
        start_sync(store.store_id)

        assert fill_in_a_child(tenant, Killer(shopify_api, "file", 3)) == -signal.SIGKILL
        first = let_the_lease_pass()
        # In the middle of a page whose refunds are being asked for.
        assert fill_in_a_child(tenant, Killer(shopify_api, "nodes", 13)) == -signal.SIGKILL
        second = let_the_lease_pass()
        assert 0 < first.read_count < second.read_count < ORDERS
        assert fill_in_a_child(tenant, Killer(shopify_api, "nothing", 1)) == 0

        react()
        check_everything()


def react() -> None:
    """Let the handlers see every event, as workers do."""
    while drain_reactions(Deadline(seconds=None)):
        pass


@transaction.atomic
def check_everything() -> None:
    run = SyncRun.objects.get()
    assert (run.status, run.detail) == ("finished", "")
    assert (run.expected, run.read_count) == (ORDERS, ORDERS)
    orders = Order.objects.aggregate(Count("id"), Sum("gross_minor"))
    assert orders == {"id__count": ORDERS, "gross_minor__sum": 5990 * ORDERS}
    refunds, tenth = Refund.objects.aggregate(Count("id"), Sum("amount_minor")), ORDERS // 10
    assert refunds == {"id__count": tenth, "amount_minor__sum": 250 * tenth}
    assert Profile.objects.count() == ORDERS
    assert Event.objects.filter(name="Order Placed", is_backfill=True).count() == ORDERS
    assert Event.objects.filter(is_backfill=False).count() == 0
    assert FlowRun.objects.count() == 0
    assert find_differences() == []
