"""The palette in a real browser: by keyboard alone, on every page, at both widths."""

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from kernel.scope import tenant_scope
from tenants.models import Tenant
from tests.browser.test_pages import enter, faults, on_screens
from tests.browser.visiting import OF_COLOURS, Theme, settled, turned
from tests.factories.samples import make_profile
from tests.factories.tenants import make_tenant


@pytest.fixture
def site(page: Page, transactional_db: None, live_server: LiveServer) -> str:
    """The pages of a merchant who knows Ada; the browser is signed in."""
    shop: Tenant = make_tenant()
    with tenant_scope(shop.pk), transaction.atomic():
        make_profile(last_name="Byron", name_norm="ada byron", email="ada@example.com")
    return enter(page, shop, live_server)


def test_a_person_is_found_and_opened_by_keyboard(page: Page, site: str) -> None:
    page.goto(site)
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search")
    expect(palette.get_by_role("option", name="Home")).to_have_attribute("aria-selected", "true")
    page.keyboard.type("byr")
    expect(palette.get_by_role("option")).to_have_text([re.compile("Ada Byron")])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/profiles/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada Byron")


def test_enter_at_once_opens_what_was_typed_and_nothing_found_before(page: Page, site: str) -> None:
    page.goto(site)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Home")).to_have_attribute("aria-selected", "true")
    page.keyboard.type("byr")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/profiles/\d+/$"))


def test_arrows_go_round_and_escape_gives_the_focus_back(page: Page, site: str) -> None:
    page.goto(site)
    opener = page.get_by_role("button", name="Search").first
    opener.press("Enter")
    palette = page.get_by_role("dialog", name="Search")
    expect(palette.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(palette.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(palette.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(opener).to_be_focused()


@on_screens
def test_the_open_palette_fits_and_is_accessible(
    page: Page, site: str, size: ViewportSize, theme: Theme
) -> None:
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    with settled(page) as late:
        page.goto(site)
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option", name="Home")).to_be_visible()
    assert [*late, *faults(page, size)] == []
    with turned(page, theme):
        assert faults(page, size, OF_COLOURS) == []
