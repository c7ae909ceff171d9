"""Somebody who opens pages in a real browser and says what is wrong with each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Browser, Page, Request, ViewportSize

from tenants.models import Tenant
from tests.factories.tenants import sign_in

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
Theme = Literal["light", "dark"]
LOOK_EVERY = 40.0
"""Milliseconds between two looks at what a page waits for."""
LOOKS = 750
LOOKS_QUIET = 2
"""What one answer sets off is asked at once."""

FIND_WIDE = """() => {
    if (document.documentElement.scrollWidth <= innerWidth) return "";
    const clips = element => getComputedStyle(element).overflowX !== "visible";
    const reach = element => element.getBoundingClientRect().left + element.scrollWidth;
    const wide = [...document.body.querySelectorAll("*")].filter(element => {
        if (reach(element) <= innerWidth + 1) return false;
        for (let up = element; up !== document.body; up = up.parentElement)
            if (clips(up)) return false;
        return true;
    });
    const inner = wide.find(element =>
        !wide.some(other => element !== other && element.contains(other)));
    return inner ? inner.outerHTML.slice(0, 200) : "?";
}"""
"""The first innermost element that reaches beyond the screen of a page that scrolls sideways."""


class Visitor:
    """Opens pages one after the other, and says what is wrong with each."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self._heard: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._heard.append(f"script: {error}"))
        self._asked: set[Request] = set()
        page.on("request", self._watch)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)
        page.on("dialog", lambda dialog: self._heard.append(f"dialog: {dialog.message}"))

    def enter(self, tenant: Tenant) -> None:
        """Sign in as the owner of a tenant."""
        name = settings.SESSION_COOKIE_NAME
        cookie = sign_in(tenant).cookies[name].value
        self.page.context.add_cookies([{"name": name, "value": cookie, "url": self._address}])

    def look(self, path: str, *, status: int = 200) -> list[str]:
        """Open a page and return its faults in words."""
        return [*self.fit(path, status=status), *self._ask_axe()]

    def fit(self, path: str, *, status: int = 200) -> list[str]:
        """Open a page and return what it wrote, asked and how it fits, without asking axe."""
        self._heard = []
        self._asked.clear()
        answer = self.page.goto(f"{self._address}{path}")
        self._settle()
        assert answer
        assert answer.status == status, path
        wide = self.page.evaluate(FIND_WIDE)
        return [*self._heard, *([f"sideways: {wide}"] if wide else [])]

    def _settle(self) -> None:
        """Wait until nothing is asked for any more; after half a minute that is a fault."""
        quiet = 0
        for _ in range(LOOKS):
            self.page.wait_for_timeout(LOOK_EVERY)
            quiet = 0 if self._asked else quiet + 1
            if quiet == LOOKS_QUIET:
                return
        self._heard.append(f"still waits for {sorted(each.url for each in self._asked)}")

    def keep(self, folder: str | None, name: str) -> None:
        """Keep a picture of the page in a folder, if there is one."""
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def widen(self) -> list[str]:
        """Look at the same page on a wide screen and return how it fits there."""
        self.page.set_viewport_size(WIDE)
        wide = self.page.evaluate(FIND_WIDE)
        self.page.set_viewport_size(NARROW)
        return [f"sideways on a wide screen: {wide}"] if wide else []

    def _ask_axe(self) -> list[str]:
        self.page.evaluate(AXE.read_text())
        return [
            f"{fault['id']}: {fault['nodes'][0]['html']}"
            for fault in self.page.evaluate("axe.run({iframes: false})")["violations"]
            if fault["impact"] in GRAVE
        ]

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "status of 404" not in text:
            self._heard.append(f"{kind}: {text}")

    def _end(self, request: Request) -> None:
        self._asked.discard(request)

    def _watch(self, request: Request) -> None:
        self._asked.add(request)
        url = request.url
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and not url.startswith(self._address):
            self._heard.append(f"other host: {url}")


@contextmanager
def visit(
    browser: Browser, address: str, size: ViewportSize, *, theme: Theme = "light"
) -> Iterator[Visitor]:
    """Open a browser of one size and theme for somebody."""
    context = browser.new_context(viewport=size, color_scheme=theme, locale="en-GB")
    yield Visitor(context.new_page(), address)
    context.close()


def look_at_all(
    visitor: Visitor, pages: dict[str, str], tenant: Tenant, *, folder: str | None, kind: str
) -> dict[str, list[str]]:
    """Return the faults of each page that has any, seen by the owner of a tenant.

    Args:
        visitor: not signed in yet.
        pages: address by name.
        tenant: whose pages they are.
        folder: takes a picture of each page.
        kind: what the names of the pictures end with.
    """
    faults = {"log-in": visitor.look("/accounts/login/")}
    visitor.enter(tenant)
    for page, path in pages.items():
        faults[page] = visitor.look(path)
        visitor.keep(folder, f"{page}-{kind}")
    faults["nothing"] = visitor.look(f"/t/{tenant.slug}/nothing/", status=404)
    return {page: found for page, found in faults.items() if found}
