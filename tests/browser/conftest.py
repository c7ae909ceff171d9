"""Fixtures of the browser tests: one browser for the run, a fresh page for each test."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from tenants.models import Tenant
from tests.browser.chromium import ARGUMENTS, chromium_environment, chromium_path, slow_down
from tests.browser.everything import make_pages
from tests.support.shop_fixture import shop
from tests.support.shopify import FakeShop
from tests.support.site_fixture import site

__all__ = ["browser", "page", "shop", "site"]

LEFT_BEHIND = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
"""What htmx tells the console of a request that ends without an answer."""
PATIENCE_MS = 60_000
"""How long the slowest machine may take until a page shows what is expected of it."""

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium.

    Playwright's loop runs in the thread of the tests, which is no asynchronous code: Django may
    use its database there. What a page is waited for is waited for with the same patience
    everywhere, and `SLOWDOWN` slows every page.
    """

    def new_context(**options: Any) -> BrowserContext:
        context = open_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        slow_down(context)
        return context

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=list(ARGUMENTS),
            env=dict(chromium_environment()),
        )
        open_context = started.new_context
        patch.setattr(started, "new_context", new_context)
        yield started
        started.close()


class Problems:
    """What a page told its console; that a request ended because its page was left is none."""

    def __init__(self, page: Page) -> None:
        self._told: list[str] = []
        self._left = 0
        page.on("pageerror", lambda error: self._told.append(str(error)))
        page.on("console", self._hear)
        page.on("requestfailed", self._note)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._told.append(message.text)

    def _note(self, request: Request) -> None:
        self._left += request.failure == "net::ERR_ABORTED"

    def list(self) -> list[str]:
        """Return the problems, without what htmx says of each request that nobody waits for."""
        pardoned = Counter(dict.fromkeys(LEFT_BEHIND, self._left))
        found = []
        for text in self._told:
            event = text.partition(",")[0]
            if pardoned[event]:
                pardoned[event] -= 1
            else:
                found.append(text)
        return found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a desk's size; the test fails on a script error or a refused script or style."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    opened = context.new_page()
    problems = Problems(opened)
    yield opened
    context.close()
    assert problems.list() == []


@pytest.fixture
def pages(
    shop: FakeShop,
    tenant: Tenant,
    broker: object,
    monkeypatch: pytest.MonkeyPatch,
    live_server: LiveServer,
) -> dict[str, str]:
    """The address of each page by name, of a merchant to whom everything happened once."""
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    return make_pages(shop, tenant)


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str | None:
    """Where pictures are kept; None when nobody asked for them."""
    found: str | None = request.config.getoption("--screenshots")
    return found
