"""Somebody who opens pages in a real browser and says what is wrong with each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Browser, Error, Page, Request, ViewportSize

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
ASK_AXE = """async ({rules, impacts}) => {
    const slight = axe._audit.rules.filter(rule => !impacts.includes(rule.impact));
    const asked = rules.length
        ? {runOnly: {type: "rule", values: rules}}
        : {rules: Object.fromEntries(slight.map(rule => [rule.id, {enabled: false}]))};
    const found = await axe.run({iframes: false, resultTypes: ["violations"], ...asked});
    return found.violations
        .filter(fault => impacts.includes(fault.impact))
        .map(fault => `${fault.id}: ${fault.nodes[0].html}`);
}"""
"""The faults alone come back: what axe tells of all that is well is longer than the page. Each rule
has one impact, so those whose faults nobody would hear of are not asked."""
GRAVE = ("serious", "critical")
ANY = ("minor", "moderate", *GRAVE)
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that answer by colours; what the others find is there in both themes."""
END_TRANSITIONS = """document.getAnimations()
    .filter(each => each instanceof CSSTransition).forEach(each => each.finish())"""
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
Theme = Literal["light", "dark"]
SCREENS: tuple[tuple[ViewportSize, Theme], ...] = ((WIDE, "light"), (NARROW, "dark"))
"""What pages are loaded on: each width once, each theme once."""
LOOK_EVERY = 40.0
"""Milliseconds between two looks at what a page waits for."""
LOOKS = 1_500
"""So many of them are a minute at least."""
LOOKS_QUIET = 2
"""What one answer sets off is asked at once."""
TAKE_TURNS = "() => new Promise(done => setTimeout(() => setTimeout(done)))"
"""Comes back once the page has done what it was about to do, however slow it is."""

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


class _Traffic:
    """What a page asked for and was not answered yet."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._asked: set[Request] = set()

    def begin(self) -> None:
        self._page.on("request", self.add)
        self._page.on("requestfinished", self.drop)
        self._page.on("requestfailed", self.drop)

    def end(self) -> None:
        self._page.remove_listener("request", self.add)
        self._page.remove_listener("requestfinished", self.drop)
        self._page.remove_listener("requestfailed", self.drop)

    def add(self, request: Request) -> None:
        self._asked.add(request)

    def drop(self, request: Request) -> None:
        self._asked.discard(request)

    def wait(self) -> list[str]:
        """Wait until nothing is asked for any more; return what a minute did not answer."""
        quiet = 0
        for _ in range(LOOKS):
            self._page.wait_for_timeout(LOOK_EVERY)
            quiet = quiet + 1 if not self._asked and self._has_taken_turns() else 0
            if quiet == LOOKS_QUIET:
                return []
        return [f"still waits for {sorted(each.url for each in self._asked)}"]

    def _has_taken_turns(self) -> bool:
        """Let the page do what it is about to do; false when it went elsewhere meanwhile."""
        try:
            self._page.evaluate(TAKE_TURNS)
        except Error:
            return False
        return not self._asked


@contextmanager
def settled(page: Page) -> Iterator[list[str]]:
    """Wait at the end of the block for everything that the page asked for in it.

    Yields a list, in which stands afterwards what was never answered.
    """
    traffic, late = _Traffic(page), list[str]()
    traffic.begin()
    yield late
    late += traffic.wait()
    traffic.end()


def ask_axe(page: Page, *, impacts: Sequence[str] = ANY, rules: Sequence[str] = ()) -> list[str]:
    """Return the faults that axe finds on the open page, by all its rules or by some."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    asked = {"rules": list(rules), "impacts": list(impacts)}
    found: list[str] = page.evaluate(ASK_AXE, asked)
    return found


def keep(page: Page, folder: str | None, name: str) -> None:
    """Keep a picture of an open page in a folder, if there is one."""
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@contextmanager
def turned(page: Page, theme: Theme) -> Iterator[Theme]:
    """Show the open page in the other theme inside the block.

    Args:
        page: open in a theme.
        theme: that one.
    """
    other: Theme = "dark" if theme == "light" else "light"
    page.emulate_media(color_scheme=other)
    page.evaluate(END_TRANSITIONS)
    yield other
    page.emulate_media(color_scheme=theme)


class Visitor:
    """Opens pages one after the other, and says what is wrong with each."""

    def __init__(self, page: Page, address: str, theme: Theme = "light") -> None:
        self.page = page
        self.theme = theme
        self._address = address
        self._heard: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._heard.append(f"script: {error}"))
        page.on("request", self._watch)
        page.on("dialog", lambda dialog: self._heard.append(f"dialog: {dialog.message}"))

    def enter(self, session: str) -> None:
        """Be signed in by the key of a session."""
        name = settings.SESSION_COOKIE_NAME
        self.page.context.add_cookies([{"name": name, "value": session, "url": self._address}])

    def look(self, path: str, *, status: int = 200) -> list[str]:
        """Open a page and return its faults in words."""
        return [*self.fit(path, status=status), *ask_axe(self.page, impacts=GRAVE)]

    def fit(self, path: str, *, status: int = 200) -> list[str]:
        """Open a page and return what it wrote, asked and how it fits, without asking axe."""
        self._heard = []
        with settled(self.page) as late:
            answer = self.page.goto(f"{self._address}{path}")
        assert answer
        assert answer.status == status, path
        return [*self._heard, *late, *self._find_wide()]

    @contextmanager
    def other_theme(self) -> Iterator[Theme]:
        """Show the open page in the other theme inside the block."""
        self._heard = []
        with turned(self.page, self.theme) as other:
            yield other

    def look_again(self) -> list[str]:
        """Return what is wrong with the open page in the theme that it is in now."""
        faults = ask_axe(self.page, impacts=GRAVE, rules=OF_COLOURS)
        return [*self._heard, *self._find_wide(), *faults]

    def _find_wide(self) -> list[str]:
        wide = self.page.evaluate(FIND_WIDE)
        return [f"sideways: {wide}"] if wide else []

    def keep(self, folder: str | None, name: str) -> None:
        """Keep a picture of the page in a folder, if there is one."""
        keep(self.page, folder, name)

    def widen(self) -> list[str]:
        """Look at the same page on a wide screen and return how it fits there."""
        self.page.set_viewport_size(WIDE)
        wide = self.page.evaluate(FIND_WIDE)
        self.page.set_viewport_size(NARROW)
        return [f"sideways on a wide screen: {wide}"] if wide else []

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "status of 404" not in text:
            self._heard.append(f"{kind}: {text}")

    def _watch(self, request: Request) -> None:
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
    with context:
        yield Visitor(context.new_page(), address, theme)


def look_at_all(
    visitor: Visitor, pages: dict[str, str], nowhere: str, *, session: str, folder: str | None
) -> dict[str, list[str]]:
    """Return the faults of each page that has any, in both themes, seen by who has a session.

    A page is loaded once, in the visitor's own theme, and asked everything; then it is turned into
    the other one and asked what depends on a theme.

    Args:
        visitor: not signed in yet.
        pages: address by name.
        nowhere: an address beside them that nothing has.
        session: its key.
        folder: takes pictures of each page.
    """
    faults: dict[str, list[str]] = {}
    width = visitor.page.evaluate("innerWidth")
    visitor.page.add_init_script(path=AXE)  # sent once for all pages

    def look(page: str, path: str, status: int = 200) -> None:
        name = f"{page}-{visitor.theme}-{width}"
        faults[name] = visitor.look(path, status=status)
        visitor.keep(folder, name)
        with visitor.other_theme() as theme:
            name = f"{page}-{theme}-{width}"
            faults[name] = visitor.look_again()
            visitor.keep(folder, name)

    look("log-in", "/accounts/login/")
    visitor.enter(session)
    for page, path in pages.items():
        look(page, path)
    look("nothing", nowhere, status=404)
    return {page: found for page, found in faults.items() if found}
