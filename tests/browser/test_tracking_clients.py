"""The client libraries that shops put on their sites, in a real browser, deliver to a real server.

The shop and Patron are two servers, so that what goes between them meets the browser's own rules
about other origins.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as base
from django.db import transaction
from playwright.sync_api import Page, Request

from crm.models import Event, Identity
from kernel.embedded.ports import LOOPBACK
from stores.domain.snippets import build_guides
from tests.browser.visiting import LOOK_EVERY, LOOKS
from tests.support.edge_server import edge_server
from tests.support.serving import answering
from tests.support.tracking import FakeSite, story

pytestmark = pytest.mark.django_db(transaction=True)

PACKAGES = Path(base.BASE_DIR) / "node_modules"
SEGMENT = PACKAGES / "@segment/analytics-next/dist/umd"
RUDDER = PACKAGES / "@rudderstack/analytics-js/dist/npm/modern/bundled/umd"
ZOE = ["Order Completed", "Page Viewed", "Product Viewed"]
CALLS = """
client => {
    client.page();
    client.track("Product Viewed", {product_id: "p-1", price: 29.99});
    client.identify("u-1", {email: "zoe@example.com", firstName: "Zoë"});
    client.track("Order Completed", {order_id: "o-1", total: 59.98});
}"""


@pytest.fixture
def host(site: FakeSite, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server that knows the site's key."""
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    with edge_server() as address:
        settings.PUBLIC_URL = address
        yield address


class _Shop(SimpleHTTPRequestHandler):
    """Serves a page that carries a library, and the library."""

    def do_GET(self) -> None:
        """Answer with a file of the library, or with the page."""
        if self.path.startswith("/lib/"):
            self.path = self.path.removeprefix("/lib")
            super().do_GET()
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        page = '<!doctype html><title>Tee</title><link rel="icon" href="data:,">'
        self.wfile.write(f'{page}<script src="/lib/index.js"></script>'.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name in the base
        """Say nothing."""


@contextmanager
def visit(page: Page, folder: Path, *, host: str) -> Iterator[list[str]]:
    """Open a page of a shop that carries a library; yields what it asks of whom else."""
    others: list[str] = []
    shop = ThreadingHTTPServer((LOOPBACK, 0), partial(_Shop, directory=str(folder)))
    origin = f"http://localhost:{shop.server_port}"

    def note(request: Request) -> None:
        if not request.url.startswith((origin, host, "data:")):
            others.append(request.url)

    page.on("request", note)
    with answering(shop):
        page.goto(f"{origin}/products/tee?utm_source=news", referer="https://www.google.com/")
        yield others


def arrived(page: Page, site: FakeSite, count: int) -> list[str]:
    """Return the topics of what was filed, once there is so much."""
    filed = site.filed()
    for _ in range(LOOKS):
        if len(filed) >= count:
            break
        page.wait_for_timeout(LOOK_EVERY)
        filed = site.filed()
    return sorted(each.topic.removeprefix("tracking/") for each in filed)


@transaction.atomic
def kinds() -> list[str]:
    return sorted(Identity.objects.values_list("kind", flat=True))


@transaction.atomic
def page_viewed() -> dict[str, Any]:
    return dict(Event.objects.get(name="Page Viewed").properties)


def told(site: FakeSite, others: list[str]) -> None:
    """Expect that all calls ended on one person, and that nobody else heard of them."""
    site.drain()
    assert story() == {"zoe@example.com": ZOE}
    assert kinds() == ["anonymous", "customer_id", "email"]
    assert page_viewed()["path"] == "/products/tee"
    assert others == []


def test_segment_for_browsers(page: Page, site: FakeSite, host: str) -> None:
    with visit(page, SEGMENT, host=host) as others:
        page.evaluate(
            """async ({key, host, calls}) => {
                const made = AnalyticsNext.AnalyticsBrowser.load({writeKey: key, cdnURL: host});
                eval(calls)(made);
                await made;
            }""",
            {"key": site.key, "host": host, "calls": CALLS},
        )
        assert arrived(page, site, 4) == ["identify", "page", "track", "track"]
    told(site, others)


@pytest.mark.parametrize("batched", [False, True])
def test_rudderstack_for_browsers(page: Page, site: FakeSite, host: str, batched: bool) -> None:
    """It starts with what the installation itself answers in the place of its control plane."""
    with visit(page, RUDDER, host=host) as others:
        page.evaluate(
            """({key, host, calls, batched}) => {
                const made = new rudderanalytics.RudderAnalytics();
                made.load(key, host, {
                    configUrl: host + "/v1",
                    queueOptions: {batch: {enabled: batched, flushInterval: 200}},
                });
                eval(calls)(made);
            }""",
            {"key": site.key, "host": host, "calls": CALLS, "batched": batched},
        )
        expected = ["batch"] if batched else ["identify", "page", "track", "track"]
        assert arrived(page, site, len(expected)) == expected
    told(site, others)


def test_the_install_page_says_how_each_is_set_up() -> None:
    guides = build_guides("https://crm.example", "wk_1")
    texts = {each.name: each.text for guide in guides for each in guide.snippets}
    assert 'cdnURL: "https://crm.example"' in texts["next"]
    assert 'configUrl: "https://crm.example/v1"' in texts["rudder-browser"]
