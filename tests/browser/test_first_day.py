"""The first day of a shop in a real browser: from signing up to the audit trail."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from kernel.postgres.edge import close_connections
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from stores.services.connections import forget_connections
from stores.types import ConnectedStore
from tenants.models import Tenant
from tests.factories.samples import make_profile
from tests.factories.tenants import PASSWORD, make_member, make_tenant
from tests.support.shopify import FakeShop, simple_order

SHOP = "/t/ada-soap"


@pytest.fixture
def address(
    transactional_db: None,
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
    broker: object,
) -> Iterator[str]:
    """The address of an installation without anybody, in which strangers may sign up."""
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    monkeypatch.setattr(settings, "SIGNUP_OPEN", True)
    cache.clear()
    forget_connections()
    yield live_server.url
    forget_connections()
    close_connections()


@pytest.mark.covers("O3", "P1", "C4")
def test_a_newcomer_gets_from_signing_up_to_the_first_order_and_its_traces(
    page: Page, address: str
) -> None:
    _sign_up(page, address)
    shop = _connect_store(page)
    assert shop.deliver("orders/create", simple_order(1001), "first") == 200
    drain_tenant(Tenant.objects.get().pk)

    page.goto(f"{address}{SHOP}/")
    expect(page.get_by_text("placed order #1001")).to_be_visible()
    _find_order(page, "1001")
    _export_profiles(page, address)
    page.goto(f"{address}{SHOP}/settings/audit/")
    for words in ("ada@soap.example", "profiles"):
        expect(page.locator("table.audit")).to_contain_text(words)


SETTINGS = ("General", "Members", "Audit trail", "Danger zone")
SEEN = {
    #            New segment, Connect a store, Export CSV, pages of the settings
    "owner": (True, True, True, {"General", "Members", "Audit trail", "Danger zone"}),
    "admin": (True, True, True, {"General", "Members", "Audit trail"}),
    "marketer": (True, False, True, {"Members"}),
    "analyst": (False, False, True, {"Members"}),
    "support": (False, False, False, {"Members"}),
}


@pytest.mark.parametrize("role", SEEN)
@pytest.mark.covers("C6")
def test_each_role_logs_in_and_is_offered_what_it_may_do(
    page: Page, address: str, role: str
) -> None:
    tenant = make_tenant()
    make_member(tenant, role, f"{role}@soap.example")
    with tenant_scope(tenant.pk), transaction.atomic():
        make_profile(first_name="Ada")
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("Email").fill(f"{role}@soap.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"**{SHOP}/")

    builds, connects, exports, settings_pages = SEEN[role]
    assert _offers(page, f"{address}{SHOP}/segments/", "New segment") is builds
    assert _offers(page, f"{address}{SHOP}/stores/", "Connect a store") is connects
    assert _offers(page, f"{address}{SHOP}/profiles/", "Export CSV") is exports
    page.goto(f"{address}{SHOP}/settings/")
    links = page.get_by_role("navigation", name="Settings").get_by_role("link")
    assert set(SETTINGS) & {name.strip() for name in links.all_inner_texts()} == settings_pages


def _sign_up(page: Page, address: str) -> None:
    page.goto(f"{address}/accounts/signup/")
    page.get_by_label("Your name").fill("Ada Byron")
    page.get_by_label("Work email").fill("ada@soap.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/shops/new/")
    page.get_by_label("Name of the shop").fill("Ada Soap")
    page.get_by_label("Currency").select_option("GBP")
    page.get_by_role("button", name="Create the shop").click()
    page.wait_for_url(f"**{SHOP}/stores/connect/**")


def _connect_store(page: Page) -> FakeShop:
    """Connect a store by hand; returns it as the page says it must be reached."""
    page.get_by_label("Name").fill("Soap shop")
    page.get_by_role("button", name="Connect the store").click()
    expect(page.get_by_text("The store is connected")).to_be_visible()
    webhook = page.locator("#secret-webhook").inner_text().strip()
    secret = page.locator("#secret-secret").inner_text().strip()
    return FakeShop(ConnectedStore(store_id=0, webhook_url=webhook, secret=secret), Client())


def _find_order(page: Page, number: str) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type(number)
    found = page.get_by_role("option", name=re.compile(f"Order #{number}"))
    expect(found).to_be_visible()
    found.click()
    page.wait_for_url(re.compile(r"/orders/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"#{number}")


def _export_profiles(page: Page, address: str) -> None:
    page.goto(f"{address}{SHOP}/profiles/")
    page.get_by_role("button", name="Export CSV").click()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    drain_tenant(Tenant.objects.get().pk)
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "shopper1001@example.com" in lines[1]


def _offers(page: Page, address: str, words: str) -> bool:
    """Say whether a page offers a button or a link of these words."""
    page.goto(address)
    offered = page.get_by_role("link", name=words).or_(page.get_by_role("button", name=words))
    return bool(offered.count())
