"""The custom pixel for Shopify, run by Node as Shopify runs it, delivers to a running server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from crm.models import Cart, Event, Profile
from crm.services.reactions import drain_reactions
from kernel.batches import Deadline
from kernel.embedded.install import npm_command
from kernel.embedded.paths import PROJECT
from stores.domain.snippets import build_guides
from tests.support.edge_server import edge_server
from tests.support.site_fixture import site
from tests.support.tracking import FakeSite

__all__ = ["site"]

pytestmark = pytest.mark.django_db(transaction=True)

STAGE = Path(__file__).parent / "clients" / "shopify_pixel.mjs"
NODE_SECONDS = 600
STORY = [
    *("Cart Viewed", "Checkout Started", "Order Completed", "Page Viewed", "Product Added"),
    *("Product Viewed", "Products Searched"),
]


@pytest.fixture
def host(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    with edge_server() as address:
        yield address


def run_pixel(host: str, key: str, allowed: str) -> None:
    """Let a shopper walk from the first page to the order."""
    [guide] = [one for one in build_guides(host, key) if one.key == "shopify"]
    node = npm_command(Path(sys.executable))[0]
    done = subprocess.run(
        [node, str(STAGE), allowed],
        cwd=PROJECT,
        input=guide.snippets[0].text,
        capture_output=True,
        text=True,
        timeout=NODE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@transaction.atomic
def names() -> list[str]:
    found = Event.objects.filter(source="tracking").exclude(name__startswith="Profile")
    return sorted(found.values_list("name", flat=True))


def test_a_shopper_is_followed_to_the_order(site: FakeSite, host: str) -> None:
    run_pixel(host, site.key, "yes")
    site.drain()
    drain_reactions(Deadline(seconds=None))
    assert names() == STORY
    with transaction.atomic():
        ada = Profile.objects.get(merged_into=None)
        assert ada.email == "ada@example.com"
        added = Event.objects.get(name="Product Added").properties
        assert (added["sku"], added["price"], added["quantity"]) == ("SOAP-L", 6.5, 2)
        assert added["url"] == "https://soap.example/products/lemon"
        assert Event.objects.get(name="Order Completed").properties["order_id"] == "5001"
        cart = Cart.objects.get()
        assert (cart.status, cart.total_minor, cart.piece_count) == ("converted", 1300, 2)


def test_nothing_is_told_before_consent_and_everything_after(site: FakeSite, host: str) -> None:
    run_pixel(host, site.key, "no")
    site.drain()
    assert names() == []
    run_pixel(host, site.key, "later")
    site.drain()
    assert names() == [name for name in STORY if name != "Page Viewed"]
