"""Home and the pages of people in a real browser: they fit, are accessible, and keep up to date."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from crm.models import Profile, ProfileFacts, Store
from crm.services.facts import refresh_facts
from kernel import clock
from kernel.scope import tenant_scope
from tenants.models import Tenant
from tests.browser.visiting import OF_COLOURS, SCREENS, Theme, ask_axe, settled, turned
from tests.factories.crm import apply, make_store, order
from tests.factories.tenants import make_tenant, sign_in

DESK: ViewportSize = {"width": 1440, "height": 900}
HAND: ViewportSize = {"width": 390, "height": 844}
NAMES = (
    ("A" * 100, "B" * 100),
    ("مریم " * 20, "חנה לוי"),
    ("👩‍👩‍👧‍👦" * 20, "😀"),
    ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>"),
)


@pytest.fixture
def shop(transactional_db: None) -> Tenant:
    """A merchant whose rows the server of the test can see."""
    return make_tenant()


@pytest.fixture
def person(shop: Tenant) -> int:
    """Id of somebody with one order, placed just now."""
    return place_order(shop, "1001", 5990)


@pytest.fixture
def site(page: Page, shop: Tenant, live_server: LiveServer) -> str:
    """The address of the tenant's pages, to which the browser is signed in."""
    return enter(page, shop, live_server)


def enter(page: Page, shop: Tenant, live_server: LiveServer) -> str:
    name = settings.SESSION_COOKIE_NAME
    cookie = sign_in(shop).cookies[name].value
    page.context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
    return f"{live_server.url}/t/{shop.slug}/"


def place_order(shop: Tenant, number: str, gross_minor: int) -> int:
    """Let Ada place an order now; returns her id."""
    now = clock.now()
    with tenant_scope(shop.pk), transaction.atomic():
        store = Store.objects.first() or make_store()
        new = order(number, gross_minor=gross_minor, ordered_at=now, version_at=now)
        apply(store, new, now=now)
        profile = Profile.objects.get(email="ada@example.com")
        refresh_facts([profile.pk], now)
        return profile.pk


def faults(page: Page, size: ViewportSize, rules: Sequence[str] = ()) -> list[str]:
    """Return by how much the open page does not fit its screen, and every fault that axe finds."""
    width = page.evaluate("document.documentElement.scrollWidth")
    beyond = [] if width == size["width"] else [f"{width} px wide"]
    return [*beyond, *ask_axe(page, rules=rules)]


def look(page: Page, paths: Sequence[str], size: ViewportSize, theme: Theme) -> dict[str, Any]:
    """Open pages on a screen; return what is wrong with each, there and in the other theme."""
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    found = {}
    for path in paths:
        with settled(page) as late:
            page.goto(path)
        found[path] = [*late, *faults(page, size)]
        with turned(page, theme):
            found[path] += faults(page, size, OF_COLOURS)
    return {path: each for path, each in found.items() if each}


on_screens = pytest.mark.parametrize(("size", "theme"), SCREENS, ids=["1440", "390"])


@on_screens
def test_an_empty_tenant_has_pages_that_fit(
    page: Page, site: str, size: ViewportSize, theme: Theme
) -> None:
    assert look(page, [site, f"{site}profiles/"], size, theme) == {}


@on_screens
def test_a_page_with_data_fits_and_is_accessible(
    page: Page, site: str, person: int, size: ViewportSize, theme: Theme
) -> None:
    paths = ("", "profiles/", f"profiles/{person}/", f"profiles/{person}/?tab=orders")
    assert look(page, [f"{site}{path}" for path in paths], size, theme) == {}


@on_screens
def test_no_name_breaks_a_page(
    page: Page, site: str, shop: Tenant, size: ViewportSize, theme: Theme
) -> None:
    with tenant_scope(shop.pk), transaction.atomic():
        people = [make_odd(number, *name) for number, name in enumerate(NAMES)]
    paths = ("profiles/", *(f"profiles/{person}/" for person in people))
    assert look(page, [f"{site}{path}" for path in paths], size, theme) == {}


def make_odd(number: int, first: str, last: str) -> int:
    """Make somebody of whom everything is long; returns their id."""
    odd = Profile.objects.create(
        first_name=first,
        last_name=last,
        email=f"{number}{'x' * 119}@{'y' * 60}.example",
        city="C" * 120,
        country="AE",
        properties={"k" * 80: "v" * 300},
    )
    ProfileFacts.objects.create(
        profile=odd, order_count=1_234_567, net_minor=99_999_999_999, categories=["Z" * 80]
    )
    return odd.pk


def test_a_part_loads_and_the_tab_keeps_its_address(page: Page, site: str, person: int) -> None:
    page.goto(f"{site}profiles/{person}/")
    expect(page.get_by_text("Placed order #1001")).to_be_visible()
    page.locator(".tabs").get_by_role("link", name="Orders").click()
    page.wait_for_url(re.compile(r"\?tab=orders"))
    expect(page.locator(".order-total")).to_have_text("£59.90")


def test_a_new_order_appears_by_itself(page: Page, site: str, shop: Tenant, person: int) -> None:
    page.clock.install()
    page.goto(f"{site}profiles/{person}/?tab=orders")
    expect(page.locator(".order-total")).to_have_count(1)
    place_order(shop, "1002", 1000)
    page.clock.run_for(5_000)
    expect(page.locator(".order-total")).to_have_count(2)
    expect(page.locator("#live-header .stat-value").first).to_have_text("£69.90")


@pytest.fixture
def loose_page(browser: Browser) -> Iterator[Page]:
    """A page on which a request may fail; the browser reports that as an error."""
    context = browser.new_context(viewport=DESK, locale="en-GB")
    yield context.new_page()
    context.close()


def test_a_part_that_fails_says_so_and_is_tried_again(
    loose_page: Page, shop: Tenant, person: int, live_server: LiveServer
) -> None:
    site = enter(loose_page, shop, live_server)
    loose_page.route("**/timeline/**", lambda route: route.fulfill(status=500, body=""))
    loose_page.goto(f"{site}profiles/{person}/")
    expect(loose_page.get_by_text("Timeline could not be loaded")).to_be_visible()
    loose_page.unroute_all()
    loose_page.get_by_role("button", name="Try again").click()
    expect(loose_page.get_by_text("Placed order #1001")).to_be_visible()


def test_erasing_is_asked_with_what_follows(page: Page, site: str, person: int) -> None:
    page.goto(f"{site}profiles/{person}/")
    page.get_by_role("button", name="More", exact=True).click()
    page.locator("[data-dialog-open=erase]").click()
    dialog = page.locator("#erase")
    expect(dialog).to_contain_text("Orders and refunds stay as figures without a person.")
    expect(dialog).to_contain_text("ada@example.com")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
