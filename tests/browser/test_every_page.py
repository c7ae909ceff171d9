"""Every page with data in a real browser, at both widths, in both themes.

Each page fits its screen, writes nothing on the console, asks no other host, keeps to the policy
and has no fault that axe calls serious or critical. ``--screenshots DIR`` keeps the pictures.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from config.provisioning import provision_tenant
from crm.models import Order, Product, Profile
from flows.models import Flow, FlowRun
from kernel.embedded.mailbox import list_mails
from kernel.work import drain_tenant
from messaging.models import Message
from messaging.services import tokens
from messaging.services.domains import add_domain
from messaging.types import RecipientToken
from segments.models import Segment
from stores.models import InboxDelivery
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import sign_in
from tests.imports.files import bring, check, upload
from tests.support.hostile import ENDLESS, MARKUP, MIXED, spoil
from tests.support.payloads import load_payload
from tests.support.shopify import FakeShop, simple_order

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
SIZES = {"1440": WIDE, "390": NARROW}
TABS = ("notes", "orders", "segments", "messages", "flows", "points", "consent", "merges")

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
    provision_tenant(tenant.pk)
    shop.deliver("products/create", load_payload("shopify/product"), "d-0")
    for number in (1, 2, 3):
        order = simple_order(number)
        order["line_items"][0] |= {"product_id": 501, "variant_id": 601}
        shop.deliver("orders/create", order, f"d-{number}")
    shop.deliver("orders/create", b"{broken", "d-4")
    drain_tenant(tenant.pk)
    with transaction.atomic():
        return {**_of_tenant(tenant, shop.store.store_id), **_of_everybody(tenant)}


def _of_tenant(tenant: Tenant, store_id: int) -> dict[str, str]:
    run = FlowRun.objects.order_by("pk")[0]
    flow, segment = f"flows/{run.flow_id}", f"segments/{Segment.objects.order_by('pk')[0].pk}"
    profile = f"profiles/{Profile.objects.order_by('pk')[0].pk}/"
    quarantined = InboxDelivery.objects.get(delivery_id="d-4").pk
    found = {
        "home": "",
        "get-started": "get-started/",
        "notices": "notices/",
        "notice-mails": "settings/notices/",
        "analytics": "analytics/",
        "analytics-own-days": "analytics/?period=custom&from=2020-01-01&compare=year",
        "profiles": "profiles/",
        "profiles-nobody": "profiles/?q=nobody",
        "profiles-filtered": "profiles/?view=all&orders=1%2B&revenue_min=1&sort=-revenue",
        "profile-merge": f"{profile}merge/?q=e",
        "profile": profile,
        **{f"profile-{tab}": f"{profile}?tab={tab}" for tab in TABS},
        "orders": "orders/",
        "orders-narrowed": "orders/?status=paid&min=1&person=none&from=2020-01-01",
        "order": f"orders/{Order.objects.order_by('pk')[0].pk}/",
        "messages": "messages/",
        "messages-skipped": "messages/?status=skipped&from=2020-01-01",
        "message": f"messages/{Message.objects.filter(status='sent').order_by('pk')[0].pk}/",
        "loyalty": "loyalty/",
        "loyalty-settings": "loyalty/settings/",
        "points-ledger": "loyalty/ledger/",
        "points-account": f"loyalty/accounts/{Profile.objects.order_by('pk')[0].pk}/",
        "catalog": "catalog/",
        "product": f"catalog/{Product.objects.order_by('pk')[0].pk}/",
        "segments": "segments/",
        "segment": f"{segment}/",
        "segment-changes": f"{segment}/?tab=changes",
        "segment-edit": f"{segment}/edit/",
        "segment-new": "segments/new/",
        "rfm": "segments/rfm/",
        "flows": "flows/",
        "flow": f"{flow}/",
        "flow-branches": f"flows/{Flow.objects.get(key='win_back').pk}/",
        "runs": f"{flow}/runs/",
        "run": f"{flow}/runs/{run.pk}/",
        "not-entered": f"{flow}/refused/",
        "versions": f"{flow}/versions/",
        "stores": "stores/",
        "store": f"stores/{store_id}/",
        "delivery": f"stores/deliveries/{quarantined}/",
        "imports": "imports/",
        "import-new": "imports/new/",
        **_imports(),
        "store-settings": f"stores/{store_id}/settings/",
        "connect": "stores/connect/",
        "general": "settings/general/",
        "jobs": "jobs/",
        "danger": "settings/danger/",
        "brand": "settings/brand/",
        "audit": "settings/audit/",
        "audit-nothing": "settings/audit/?actor=nobody",
        "audit-entry": f"settings/audit/{AuditEntry.objects.filter(before__isnull=False)[0].pk}/",
        "senders": "settings/senders/",
        "sender-new": "settings/senders/new/",
        "domain": f"settings/domains/{add_domain('shop.example', actor='ada@example.com').pk}/",
        "keys": "settings/keys/",
        "members": "settings/members/",
    }
    return {name: f"/t/{tenant.slug}/{path}" for name, path in found.items()}


def _imports() -> dict[str, str]:
    """Bring files, so that each step of the wizard has its page."""
    mapped = upload("Email,First name,Soap\nzoe@example.com,Zoë,Lemon\n")
    body = "Email\nyan@example.com\nYAN@example.com\nnobody\n"
    checked, done = check(body), bring(body)
    return {
        "import-columns": f"imports/{mapped.pk}/columns/",
        "import-check": f"imports/{checked.pk}/check/",
        "import": f"imports/{done.pk}/",
    }


def _of_everybody(tenant: Tenant) -> dict[str, str]:
    message = Message.objects.filter(status="sent").order_by("pk")[0]
    recipient = RecipientToken(tenant.pk, message.profile_id, message.pk)
    mail = next(
        mail
        for mail in list_mails(Path(settings.MAILBOX_DIR), to=message.address)
        if settings.PUBLIC_URL in mail.html
    )
    return {
        "mailbox": "/mailbox/",
        "mail": f"/mailbox/{mail.id}/",
        "unsubscribe": urlsplit(tokens.unsubscribe_url(recipient)).path,
        "preferences": urlsplit(tokens.preferences_url(recipient)).path,
        "api": "/api/v1/docs/",
        "log-out": "/accounts/logout/",
    }


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> Any:
    return request.param


class Visitor:
    """Opens pages one after the other, and says what is wrong with each."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address
        self._heard: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._heard.append(f"script: {error}"))
        page.on("request", lambda request: self._watch(request.url))
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
        answer = self.page.goto(f"{self._address}{path}")
        self.page.wait_for_load_state("networkidle")
        assert answer
        assert answer.status == status, path
        wide = self.page.evaluate(FIND_WIDE)
        return [*self._heard, *([f"sideways: {wide}"] if wide else [])]

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

    def _watch(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and not url.startswith(self._address):
            self._heard.append(f"other host: {url}")


@pytest.fixture(params=SIZES)
def visitor(
    browser: Browser, theme: Any, live_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Visitor]:
    """Somebody with a screen of one width in one theme."""
    context = browser.new_context(viewport=SIZES[request.param], color_scheme=theme, locale="en-GB")
    yield Visitor(context.new_page(), live_server.url)
    context.close()


def test_every_page_fits_and_is_sound(
    visitor: Visitor,
    pages: dict[str, str],
    tenant: Tenant,
    live_server: LiveServer,
    request: pytest.FixtureRequest,
) -> None:
    folder = request.config.getoption("--screenshots")
    faults = {"log-in": visitor.look("/accounts/login/")}
    visitor.enter(tenant)
    for page, path in pages.items():
        faults[page] = visitor.look(path)
        if folder:
            file = Path(folder) / f"{page}-{request.node.callspec.id}.png"
            visitor.page.screenshot(path=file, full_page=True)
    faults["nothing"] = visitor.look(f"/t/{tenant.slug}/nothing/", status=404)

    assert {page: found for page, found in faults.items() if found} == {}


@pytest.mark.parametrize("text", [MARKUP, ENDLESS, MIXED], ids=["markup", "endless", "mixed"])
def test_every_page_holds_what_people_type(
    browser: Browser,
    pages: dict[str, str],
    tenant: Tenant,
    live_server: LiveServer,
    request: pytest.FixtureRequest,
    text: str,
) -> None:
    folder = request.config.getoption("--screenshots")
    spoil(tenant, text)
    context = browser.new_context(viewport=NARROW, locale="en-GB")
    visitor = Visitor(context.new_page(), live_server.url)
    visitor.enter(tenant)
    faults = {}
    for page, path in pages.items():
        faults[page] = [*visitor.fit(path), *visitor.widen()]
        if folder:
            file = Path(folder) / f"{page}-{request.node.callspec.id}.png"
            visitor.page.screenshot(path=file, full_page=True)
    context.close()

    assert {page: found for page, found in faults.items() if found} == {}
