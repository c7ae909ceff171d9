"""The frame and the components in a real browser, at both widths, in both themes."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.samples import CHARTS, SAMPLE_PATH, render_sample
from tests.browser.site import ADDRESS, serve
from tests.browser.visiting import (
    NARROW,
    OF_COLOURS,
    SCREENS,
    Theme,
    ask_axe,
    keep,
    settled,
    turned,
)

SAMPLES = [
    "home.html",
    "charts.html",
    "list.html",
    "detail.html",
    "account/login.html",
    "404.html",
    "500.html",
    "503.html",
]


def show(page: Page, name: str, **extra: Any) -> None:
    serve(page, {"/": render_sample(name, **extra)}, CHARTS)
    with settled(page) as late:
        page.goto(f"{ADDRESS}/")
    assert late == []


@pytest.mark.parametrize(("size", "theme"), SCREENS, ids=["1440", "390"])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_fits_its_screen_and_is_accessible(
    page: Page, folder: str | None, name: str, size: ViewportSize, theme: Theme
) -> None:
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)
    show(page, name)
    picture = f"sample-{name.replace('/', '-').removesuffix('.html')}-{size['width']}"
    keep(page, folder, f"{picture}-{theme}")

    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert ask_axe(page) == []

    with turned(page, theme) as other:
        keep(page, folder, f"{picture}-{other}")
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert ask_axe(page, rules=OF_COLOURS) == []


def test_a_chosen_theme_is_kept_and_set_before_the_first_paint(page: Page) -> None:
    show(page, "home.html")
    page.locator("[popovertarget=user-menu]").click()
    page.locator("[data-theme-choice=dark]").click()
    page.reload()

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_a_menu_opens_by_keyboard_and_gives_the_focus_back(page: Page) -> None:
    show(page, "home.html")
    opener = page.locator("[popovertarget=tenant-menu]")
    opener.focus()
    page.keyboard.press("Enter")
    items = page.locator("#tenant-menu .menu-item")
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.locator("#tenant-menu")).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_sidebar_is_a_sheet_on_a_small_screen(page: Page) -> None:
    page.set_viewport_size(NARROW)
    show(page, "home.html")
    sidebar = page.locator("#sidebar")
    expect(sidebar).to_be_hidden()
    page.locator("[data-sheet-open]").click()
    expect(sidebar).to_be_visible()
    page.keyboard.press("Escape")

    expect(sidebar).to_be_hidden()
    expect(page.locator("[data-sheet-open]")).to_be_focused()


def test_a_dialog_is_closed_by_escape_and_by_its_backdrop(page: Page) -> None:
    show(page, "detail.html")
    dialog = page.locator("#erase")
    page.locator("[data-dialog-open=erase]").click()
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Keep her")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.locator("[data-dialog-open=erase]").click()
    page.mouse.click(10, 10)

    expect(dialog).to_be_hidden()


def test_a_chart_shows_its_figures_as_a_table(page: Page) -> None:
    show(page, "home.html")
    expect(page.locator(".chart-canvas canvas")).to_be_visible()
    page.locator("[data-chart-toggle]").click()
    rows = page.locator(".chart-table tbody tr")

    expect(rows).to_have_count(30)
    expect(rows.first).to_have_text("Mon, 1 Jun 2026£900.00£800.00")
    expect(page.locator(".chart-canvas")).to_be_hidden()


def test_a_live_search_asks_for_the_fragment_and_its_address_goes_back(page: Page) -> None:
    address = f"{ADDRESS}{SAMPLE_PATH}"
    serve(page, {SAMPLE_PATH: render_sample("list.html")})
    page.goto(address)
    with page.expect_request(re.compile(r"\?q=ada&country=")) as search:
        page.get_by_role("searchbox").press_sequentially("ada")
    assert search.value.headers["hx-request"] == "true"
    assert search.value.headers["hx-target"] == "profile-table"
    page.wait_for_url(re.compile(r"\?q=ada&country="))
    page.go_back()

    page.wait_for_url(address)
    expect(page.locator("#profile-table")).to_have_count(1)


def test_figures_that_do_not_come_are_said_to_be_missing(page: Page) -> None:
    serve(page, {"/": render_sample("home.html")}, {"/chart.json": {"series": None}})
    page.goto(f"{ADDRESS}/")

    expect(page.locator(".chart-note")).to_have_text(
        "The figures could not be loaded. Reload the page to try again."
    )


def test_a_name_with_markup_stays_text(page: Page) -> None:
    rows = [{"name": "<img src=x onerror=alert(1)>", "status": "<b>", "daily": []}]
    show(page, "list.html", rows=rows)

    expect(page.locator(".row-link")).to_have_text("<img src=x onerror=alert(1)>")
