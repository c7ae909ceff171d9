"""The script of a shop's site, in a real browser; the shop and Patron are answered by the test."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from stores.views.script import load_script
from tests.browser.visiting import LOOK_EVERY, LOOKS, settled

SHOP = "http://localhost:8991"
PATRON = "http://127.0.0.1:8992"
TAG = '<script async src="{patron}/patron.js" data-key="wk_test" {options}></script>'
PRODUCT = {
    "@context": "https://schema.org",
    "@type": "Product",
    "sku": "TEE-1",
    "name": "Tee",
    "brand": {"@type": "Brand", "name": "Ada"},
    "offers": {"@type": "Offer", "price": "29.99", "priceCurrency": "GBP"},
}


@dataclass
class Shop:
    """One visitor's browser, and what Patron heard of it."""

    page: Page
    options: str = ""
    head: str = ""
    statuses: list[int] = field(default_factory=list)
    """Answers to the next requests; 200 when empty."""
    batches: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any] | None] = field(default_factory=list)
    """Answers to whoever installs it; None is one by a picture."""

    def open(self) -> None:
        """Take over every request of the page."""
        self.page.route(f"{SHOP}/**", self._show)
        self.page.route(f"{PATRON}/**", self._hear)
        self.page.clock.install()

    def visit(self, path: str, *, referrer: str = "") -> None:
        """Open a page of the shop and wait until its script runs."""
        self.page.goto(SHOP + path, referer=referrer or None)
        self.page.wait_for_function("'consent' in (window.patron ?? {})")

    def call(self, code: str) -> None:
        """Run a line of the shop's own script."""
        self.page.evaluate(code)

    def heard(self, count: int) -> list[dict[str, Any]]:
        """Return the calls that arrived, once there are so many."""
        for _ in range(LOOKS):
            if len(self.calls) >= count:
                break
            self.page.wait_for_timeout(LOOK_EVERY)
        return self.calls

    def wait(self, milliseconds: int) -> None:
        """Let time pass in the page, and what it sends arrive."""
        with settled(self.page):
            self.page.clock.run_for(milliseconds)

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [call for batch in self.batches for call in batch["batch"]]

    @property
    def names(self) -> list[str]:
        return [call.get("event") or call["type"] for call in self.calls]

    def kept(self) -> tuple[str, int]:
        """Return the cookies that scripts see and how much lies in the storage."""
        found: list[Any] = self.page.evaluate("[document.cookie, localStorage.length]")
        return found[0], found[1]

    def _show(self, route: Route) -> None:
        tag = TAG.format(patron=PATRON, options=self.options)
        html = f"<!doctype html><title>Soap</title>{self.head}{tag}<h1>Soap</h1>"
        route.fulfill(body=html, content_type="text/html")

    def _hear(self, route: Route) -> None:
        if route.request.url.endswith("/patron.js"):
            route.fulfill(body=load_script().plain, content_type="text/javascript")
            return
        status = self.statuses.pop(0) if self.statuses else 200
        if "/v1/check" in route.request.url:
            self.checks.append(json.loads(route.request.post_data or "null"))
        elif status == 200:
            self.batches.append(json.loads(route.request.post_data or ""))
        route.fulfill(status=status, body="{}", headers={"Access-Control-Allow-Origin": "*"})


Opened = Callable[..., Shop]


@pytest.fixture
def shop_page(page: Page) -> Opened:
    def opened(options: str = "", head: str = "") -> Shop:
        shop = Shop(page, options, head)
        shop.open()
        return shop

    return opened


def test_a_visit_is_told_of_with_where_it_came_from(shop_page: Opened) -> None:
    shop = shop_page()
    shop.visit("/?utm_source=news&utm_campaign=spring", referrer="https://www.google.com/")
    [page] = shop.heard(1)
    assert page["type"] == "page"
    assert page["context"]["campaign"] == {"source": "news", "name": "spring"}
    assert page["context"]["page"]["referrer"].startswith("https://www.google.com")
    assert page["context"]["page"]["title"] == "Soap"
    assert page["userId"] is None
    assert shop.batches[0]["writeKey"] == "wk_test"
    assert shop.kept()[0] == f"patron_id={page['anonymousId']}"


def test_the_same_browser_is_the_same_visitor(shop_page: Opened) -> None:
    shop = shop_page()
    shop.visit("/")
    shop.heard(1)
    shop.visit("/about")
    calls = [call for call in shop.heard(2) if call["type"] == "page"]
    assert len({call["anonymousId"] for call in calls}) == 1
    assert len({call["sessionId"] for call in calls}) == 1
    assert len({call["messageId"] for call in shop.calls}) == len(shop.calls)


def test_before_consent_nothing_is_kept_or_sent(shop_page: Opened) -> None:
    shop = shop_page('data-consent="required"')
    shop.visit("/")
    shop.call("patron.identify('u-1', {email: 'zoe@example.com'})")
    shop.wait(600)
    assert shop.batches == []
    assert shop.kept() == ("", 0)

    shop.call("patron.consent(true)")
    page, identify = shop.heard(2)
    assert (page["type"], identify["type"]) == ("page", "identify")
    assert identify["userId"] == "u-1"
    assert shop.kept()[0] == f"patron_id={page['anonymousId']}"


def test_consent_that_is_taken_back_leaves_nothing(shop_page: Opened) -> None:
    shop = shop_page()
    shop.visit("/")
    shop.heard(1)
    shop.call("patron.consent(false)")
    shop.call("patron.track('Clicked')")
    shop.wait(600)
    assert "Clicked" not in shop.names
    assert shop.kept()[0] == ""
    shop.visit("/again")
    shop.wait(600)
    assert len([call for call in shop.calls if call["type"] == "page"]) == 1


def test_global_privacy_control_counts_as_no_consent(shop_page: Opened) -> None:
    shop = shop_page()
    shop.page.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
    )
    shop.visit("/")
    shop.wait(600)
    assert shop.batches == []
    assert shop.kept() == ("", 0)


def test_a_product_is_read_from_what_search_engines_are_told(shop_page: Opened) -> None:
    head = f'<script type="application/ld+json">{json.dumps({"@graph": [PRODUCT]})}</script>'
    shop = shop_page(head=head)
    shop.visit("/products/tee")
    product = shop.heard(2)[1]
    assert product["event"] == "Product Viewed"
    assert product["properties"] == {
        "product_id": "TEE-1",
        "sku": "TEE-1",
        "name": "Tee",
        "brand": "Ada",
        "price": 29.99,
        "currency": "GBP",
        "url": f"{SHOP}/products/tee",
    }


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/search?q=soap", "Products Searched"),
        ("/cart", "Cart Viewed"),
        ("/checkouts/c1", "Checkout Started"),
    ],
)
def test_pages_of_a_shop_are_known_by_their_address(
    shop_page: Opened, path: str, event: str
) -> None:
    shop = shop_page()
    shop.visit(path)
    shop.heard(2)
    assert shop.names == ["page", event]


def test_a_page_that_is_changed_by_script_is_a_page(shop_page: Opened) -> None:
    shop = shop_page()
    shop.visit("/")
    shop.heard(1)
    shop.call("history.pushState({}, '', '/tee')")
    shop.heard(2)
    later = [call for call in shop.calls if call["type"] == "page"][1]
    assert later["context"]["page"]["path"] == "/tee"
    assert later["context"]["page"]["referrer"] == f"{SHOP}/"


def test_who_it_is_stays_known_until_they_leave(shop_page: Opened) -> None:
    shop = shop_page('data-auto="off"')
    shop.visit("/")
    shop.call("patron.identify('u-1', {email: 'zoe@example.com'}); patron.track('Clicked')")
    identify, clicked = shop.heard(2)
    assert identify["traits"] == {"email": "zoe@example.com"}
    assert (identify["userId"], clicked["userId"]) == ("u-1", "u-1")
    shop.call("patron.reset(); patron.track('Clicked')")
    stranger = shop.heard(3)[2]
    assert stranger["userId"] is None
    assert stranger["anonymousId"] != clicked["anonymousId"]


def test_what_fails_is_sent_again(browser: Browser) -> None:
    context = browser.new_context()
    shop = Shop(context.new_page(), 'data-auto="off"', statuses=[503])
    shop.open()
    shop.visit("/")
    shop.call("patron.track('Clicked')")
    [clicked] = shop.heard(1)
    assert clicked["event"] == "Clicked"
    assert shop.statuses == []
    context.close()


def test_calls_from_before_the_script_came_are_made(shop_page: Opened) -> None:
    head = "<script>window.patron = [['track', 'Early', {n: 1}]]</script>"
    shop = shop_page('data-auto="off"', head)
    shop.visit("/")
    [early] = shop.heard(1)
    assert (early["event"], early["properties"]) == ("Early", {"n": 1})


def test_time_on_a_page_is_told_when_it_is_left(shop_page: Opened) -> None:
    shop = shop_page()
    shop.visit("/tee")
    shop.heard(1)
    shop.wait(1_100)
    shop.call("history.pushState({}, '', '/soap')")
    shop.heard(3)
    left = next(call for call in shop.calls if call.get("event") == "Page Left")
    assert left["properties"]["path"] == "/tee"
    assert left["properties"]["seconds"] >= 1


def test_it_answers_whoever_installs_it_and_says_nothing_of_the_visitor(
    shop_page: Opened,
) -> None:
    shop = shop_page('data-consent="required"')
    shop.visit("/?patron_check=tok-1")
    told = {"token": "tok-1", "key": "wk_test", "page": f"{SHOP}/"}
    shop.wait(100)
    assert shop.checks == [{**told, "state": "waiting"}]
    shop.call("patron.consent(false)")
    shop.call("patron.consent(true)")
    shop.call("patron.page()")
    shop.heard(1)
    states = [check["state"] for check in shop.checks if check]
    assert states == ["waiting", "refused", "ok"]
    assert shop.calls[-1]["context"]["consent"] == {"state": "given"}


def test_the_page_after_the_order_is_no_checkout(shop_page: Opened) -> None:
    shop = shop_page()
    shop.visit("/checkout/order-received/15/")
    shop.heard(1)
    shop.visit("/checkout/")
    shop.heard(3)
    assert shop.names.count("Checkout Started") == 1
