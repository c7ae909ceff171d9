"""The real client libraries, as a merchant installs them, deliver to a running server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from crm.models import Identity
from kernel.embedded.install import npm_command
from kernel.embedded.paths import PROJECT
from tests.support.edge_server import edge_server
from tests.support.tracking import FakeSite, story

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = Path(__file__).parent / "clients"
NODE_SECONDS = 600


@pytest.fixture
def host(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server that knows the site's key; its threads look keys up themselves."""
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    with edge_server() as address:
        yield address


@transaction.atomic
def identifiers() -> dict[str, list[str]]:
    rows = Identity.objects.order_by("kind").values_list("kind", "value_norm")
    return {kind: [value.rpartition(":")[2]] for kind, value in rows}


ZOE = ["Order Completed", "Page Viewed", "Product Viewed"]


@pytest.mark.parametrize("packed", [True, False])
def test_segment_for_python(site: FakeSite, host: str, packed: bool) -> None:
    failed: list[Exception] = []
    client = SegmentClient(
        site.key, host=host, gzip=packed, max_retries=0, on_error=lambda exc, _: failed.append(exc)
    )
    client.track(anonymous_id="py-1", event="Product Viewed", properties={"price": 29.99})
    client.identify("py-u", {"email": "zoe@example.com"}, anonymous_id="py-1")
    client.page("py-u", name="Cart")
    client.track("py-u", "Order Completed", {"order_id": "o-1", "total": 59.98})
    client.shutdown()
    assert failed == []
    site.drain()
    assert story() == {"zoe@example.com": ZOE}
    assert identifiers() == {
        "anonymous": ["py-1"],
        "customer_id": ["py-u"],
        "email": ["zoe@example.com"],
    }


@pytest.mark.parametrize("packed", [True, False])
def test_rudderstack_for_python(site: FakeSite, host: str, packed: bool) -> None:
    failed: list[Exception] = []
    client = RudderClient(
        site.key, host=host, gzip=packed, max_retries=0, on_error=lambda exc, _: failed.append(exc)
    )
    client.track(anonymous_id="py-1", event="Product Viewed", properties={"price": 29.99})
    client.identify("py-u", {"email": "zoe@example.com"}, anonymous_id="py-1")
    client.page("py-u", name="Cart")
    client.track("py-u", "Order Completed", {"order_id": "o-1", "total": 59.98})
    client.shutdown()
    assert failed == []
    site.drain()
    assert story() == {"zoe@example.com": ZOE}


NOA = ["Group Joined", "Page Viewed", "Product Viewed", "Screen Viewed"]


def run_in_node(script: str, *arguments: str) -> None:
    """Run a client of `CLIENTS`; it prints what failed."""
    node = npm_command(Path(sys.executable))[0]
    done = subprocess.run(
        [node, str(CLIENTS / script), *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=NODE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_segment_for_node(site: FakeSite, host: str) -> None:
    run_in_node("segment_node.mjs", host, site.key)
    site.drain()
    assert story() == {"noa@example.com": NOA}
    assert identifiers()["anonymous"] == ["node-1"]


@pytest.mark.parametrize("packing", ["gzip", "plain"])
def test_rudderstack_for_node(site: FakeSite, host: str, packing: str) -> None:
    run_in_node("rudder_node.mjs", host, site.key, packing)
    site.drain()
    assert story() == {"noa@example.com": NOA}
    assert identifiers() == {
        "anonymous": ["node-1"],
        "customer_id": ["node-u"],
        "email": ["noa@example.com"],
    }


def test_a_client_hears_that_its_key_is_wrong(site: FakeSite, host: str) -> None:
    failed: list[Exception] = []
    client = SegmentClient(
        "wk_wrong", host=host, max_retries=0, on_error=lambda exc, _: failed.append(exc)
    )
    client.track("py-u", "Product Viewed")
    client.shutdown()
    assert [getattr(exc, "status", None) for exc in failed] == [401]
    assert site.filed() == []
