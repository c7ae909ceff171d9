"""Sign-up forms on a shop's page of another origin, in a real browser: by keyboard, on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from crm.models import ConsentEvent, Profile
from messaging.domain.signup import ShowRules
from messaging.models import SignUpForm, Submission
from messaging.queries.signup import public_key
from messaging.services import signup_guard
from tenants.models import Tenant
from tests.browser.visiting import ASK_AXE, AXE, NARROW, WIDE
from tests.factories.signup import EMAIL, LIKES, PHONE, SKIN, make_form
from tests.factories.tenants import sign_in
from tests.support.site_fixture import PATRON, SHOP, ForeignSite

Opened = Callable[..., ForeignSite]
ACTIVE = """() => {
    let found = document.activeElement;
    while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
    return found ? `${found.tagName} ${found.getAttribute("name") ?? found.textContent}` : "";
}"""


@pytest.fixture
def form(
    transactional_db: None,
    tenant: Tenant,
    broker: object,
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> SignUpForm:
    """A pop-up that shows at once; whoever types with a machine's speed is taken too."""
    monkeypatch.setattr(signup_guard, "is_too_fast", lambda _: False)
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    with transaction.atomic():
        return make_form(EMAIL, SKIN, LIKES, success_code="HELLO10")


@pytest.fixture
def shop_page(page: Page, live_server: LiveServer) -> Opened:
    def opened(key: str, options: str = "", body: str = "", path: str = "/") -> ForeignSite:
        head = f'<script async src="{PATRON}/forms.js" data-form="{key}" {options}></script>'
        found = ForeignSite(page, live_server.url, head, body)
        found.open(path)
        return found

    return opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a desk's size; what the server refuses is no fault of the page here."""
    yield from _open(browser)


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    yield from _open(browser, viewport=NARROW, has_touch=True)


def _open(browser: Browser, **options: Any) -> Iterator[Page]:
    context = browser.new_context(**{"viewport": WIDE, "locale": "en-GB", **options})
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    opened.unroute_all(behavior="ignoreErrors")
    context.close()
    assert problems == []


@transaction.atomic
def sent() -> list[tuple[str, Any]]:
    found = Submission.objects.order_by("pk").select_related("profile")
    return [(each.profile.email, each.answers) for each in found if each.profile]


def faults(page: Page) -> list[str]:
    page.add_script_tag(content=AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(ASK_AXE, {"rules": [], "impacts": ["serious", "critical"]})
    return found


def _type_answers(page: Page) -> None:
    """Be told of a fault, mend it, and answer everything by keyboard."""
    page.get_by_label("Email address").focus()
    page.keyboard.type("zoe@")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Please write an email address")).to_be_visible()
    assert page.evaluate(ACTIVE) == "INPUT email"
    page.keyboard.press("Control+A")
    page.keyboard.type("zoe@example.com")
    page.get_by_label("Dry").focus()
    page.keyboard.press("Space")
    page.get_by_label("Tea").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("HELLO10")
    assert page.evaluate(ACTIVE) == "H2 Thank you"


@pytest.mark.covers("C1", "C7")
def test_a_pop_up_is_filled_in_and_sent_by_keyboard_alone(
    page: Page, form: SignUpForm, shop_page: Opened
) -> None:
    shop_page(public_key(form))
    dialog = page.get_by_role("dialog", name="Be the first to know")
    expect(dialog).to_be_visible()
    assert page.evaluate(ACTIVE) == "H2 Be the first to know"
    assert faults(page) == []
    stops = []
    for _ in range(9):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(ACTIVE))
    assert "A More soap" not in stops
    assert {"INPUT email", "INPUT skin_type", "BUTTON Sign me up", "BUTTON ×"} <= set(stops)
    _type_answers(page)
    assert sent() == [
        ("zoe@example.com", {"email": "zoe@example.com", "skin_type": "Dry", "likes": ["Tea"]})
    ]
    with transaction.atomic():
        assert ConsentEvent.objects.get().source_url == f"{SHOP}/"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.context.cookies() == []
    page.reload()
    page.wait_for_function("performance.getEntriesByType('resource').length > 0")
    page.wait_for_timeout(100)
    expect(dialog).to_be_hidden()


def test_escape_closes_it_and_gives_the_focus_back(
    page: Page, form: SignUpForm, shop_page: Opened
) -> None:
    shop_page("", body=f'<button data-patron-open="{public_key(form)}">10% off</button>')
    page.get_by_role("button", name="10% off").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate(ACTIVE) == "BUTTON 10% off"


@pytest.mark.covers("M10")
def test_on_a_phone_it_fits_and_scrolls_inside(
    phone: Page, form: SignUpForm, live_server: LiveServer, folder: str | None
) -> None:
    head = f'<script async src="{PATRON}/forms.js" data-form="{public_key(form)}"></script>'
    ForeignSite(phone, live_server.url, head).open()
    dialog = phone.get_by_role("dialog")
    expect(dialog).to_be_visible()
    box = dialog.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["height"] <= 844
    close = phone.get_by_role("button", name="Close").bounding_box()
    assert close is not None
    assert min(close["width"], close["height"]) >= 44
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(phone) == []
    if folder:
        phone.screenshot(path=f"{folder}/popup-phone.png")


def test_before_consent_nothing_shows_and_nothing_is_kept(
    page: Page, form: SignUpForm, shop_page: Opened
) -> None:
    shop_page(public_key(form), 'data-consent="required"')
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("dialog").count() == 0
    assert page.evaluate("localStorage.length") == 0
    page.evaluate("localStorage.patron_consent = 'yes'; dispatchEvent(new Event('patron:consent'))")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_form_in_the_page_wears_no_style_of_the_page(
    page: Page, form: SignUpForm, live_server: LiveServer
) -> None:
    key = public_key(form)
    head = "<style>input,button,h2{display:none!important}</style>"
    body = f'<div data-patron-form="{key}"></div>'
    head += f'<script async src="{PATRON}/forms.js"></script>'
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {PATRON}; "
    ForeignSite(page, live_server.url, head, body, policy + f"connect-src {PATRON}").open()
    page.get_by_label("Email address").fill("yan@example.com")
    page.get_by_role("button", name="Sign me up").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you")
    assert [email for email, _ in sent()] == ["yan@example.com"]


def test_words_that_changed_since_are_shown_before_anything_is_taken(
    page: Page, form: SignUpForm, shop_page: Opened
) -> None:
    shop_page(public_key(form))
    page.get_by_label("Email address").fill("yan@example.com")
    with transaction.atomic():
        SignUpForm.objects.update(consent_version=2, consent_text="Yes, call me at night.")
    page.get_by_role("button", name="Sign me up").click()
    expect(page.get_by_role("alert")).to_contain_text("These words have changed.")
    expect(page.get_by_text("Yes, call me at night.")).to_be_visible()
    assert sent() == []
    page.get_by_role("button", name="Sign me up").click()
    expect(page.get_by_role("status")).to_contain_text("HELLO10")
    assert [email for email, _ in sent()] == ["yan@example.com"]


@pytest.mark.parametrize(
    ("rules", "path", "is_shown"),
    [
        (ShowRules(after_seconds=0, pages=("/products/*",)), "/products/soap", True),
        (ShowRules(after_seconds=0, pages=("/products/*",)), "/about", False),
        (ShowRules(after_seconds=0, except_pages=("/checkout*",)), "/checkout/1", False),
        (ShowRules(scroll_pct=50), "/", False),
    ],
)
def test_its_rules_say_where_and_when_it_shows(
    page: Page, form: SignUpForm, shop_page: Opened, rules: ShowRules, path: str, is_shown: bool
) -> None:
    with transaction.atomic():
        other = make_form(EMAIL, PHONE, rules=rules)
    shop_page(public_key(other), path=path)
    page.wait_for_load_state("networkidle")
    if is_shown:
        expect(page.get_by_role("dialog")).to_be_visible()
    else:
        assert page.get_by_role("dialog").count() == 0


def test_the_editor_shows_each_change_in_its_preview(
    page: Page, form: SignUpForm, tenant: Tenant, live_server: LiveServer
) -> None:
    with transaction.atomic():
        cookie = sign_in(tenant).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}/t/{tenant.slug}/content/forms/{form.pk}/edit/")
    preview = page.frame_locator("#signup-preview")
    expect(preview.get_by_role("heading", name="Be the first to know")).to_be_visible()
    page.get_by_label("Headline", exact=True).fill("Ten per cent off")
    expect(preview.get_by_role("heading", name="Ten per cent off")).to_be_visible()
    page.get_by_label("Phone", exact=True).check()
    assert page.locator("#signup-preview").evaluate("frame => frame.clientWidth") == 375
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    with transaction.atomic():
        assert SignUpForm.objects.get().title == "Ten per cent off"
        assert Profile.objects.count() == 0
