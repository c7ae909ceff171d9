"""People in a real browser: sign-up, two-step verification, passkeys, invitations, the account.

Every page on the way is looked at as in `visiting`: axe, console, policy, width.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tenants.models import Member, Tenant, User
from tests.browser.visiting import Visitor
from tests.factories.tenants import PASSWORD, make_member, make_tenant

SIZES = {"desk-light": (1440, 900, "light"), "phone-dark": (390, 844, "dark")}


@pytest.fixture(params=SIZES)
def visitor(
    browser: Browser,
    live_server: LiveServer,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    broker: object,
) -> Iterator[Visitor]:
    """Somebody with a screen of one width in one theme, in London."""
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    cache.clear()
    width, height, theme = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light" if theme == "light" else "dark",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    yield Visitor(context.new_page(), live_server.url)
    context.close()


class Album:
    """Looks at pages one after the other, and keeps their pictures where that was asked for."""

    def __init__(self, visitor: Visitor, request: pytest.FixtureRequest) -> None:
        self.visitor = visitor
        self.faults: dict[str, list[str]] = {}
        self._folder = request.config.getoption("--screenshots")
        self._suffix = request.node.callspec.id

    def look(self, name: str, path: str, *, status: int = 200) -> None:
        """Open a page and note its faults."""
        told = f"with a status of {status}"
        faults = self.visitor.look(path, status=status)
        self.faults[name] = [fault for fault in faults if told not in fault]
        self.keep(name)

    def keep(self, name: str) -> None:
        """Take a picture of what is open."""
        if self._folder:
            file = Path(self._folder) / f"{name}-{self._suffix}.png"
            self.visitor.page.screenshot(path=file, full_page=True)

    @property
    def found(self) -> dict[str, list[str]]:
        """The pages with faults."""
        return {name: faults for name, faults in self.faults.items() if faults}


@pytest.fixture
def album(visitor: Visitor, request: pytest.FixtureRequest) -> Album:
    """An empty album."""
    return Album(visitor, request)


def log_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def confirm(page: Page) -> None:
    """Type the password once more where it is asked for."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


@pytest.mark.django_db(transaction=True)
def test_a_newcomer_signs_up_and_stands_before_connecting_the_store(
    album: Album, live_server: LiveServer
) -> None:
    page = album.visitor.page
    album.look("sign-up", "/accounts/signup/")
    page.get_by_label("Your name").fill("Ada Byron")
    page.get_by_label("Work email").fill("ada@soap.example")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/shops/new/")
    assert page.locator("#id_timezone").input_value() == "Europe/London"
    page.get_by_label("Country").select_option("JP")
    assert page.locator("#id_currency").input_value() == "JPY"
    album.look("create-shop", "/shops/new/")
    page.get_by_label("Name of the shop").fill("Ada Soap")
    page.get_by_role("button", name="Create the shop").click()
    page.wait_for_url("**/t/ada-soap/stores/connect/?platform=shopify")
    assert Member.objects.get().role == "owner"
    assert album.found == {}


@pytest.mark.django_db(transaction=True)
def test_the_account_is_protected_by_an_app_and_a_passkey(
    album: Album, live_server: LiveServer
) -> None:
    page = album.visitor.page
    make_member(make_tenant(), email="ada@soap.example")
    _give_authenticator(page)
    album.look("log-in", "/accounts/login/")
    log_in(page, live_server.url, "ada@soap.example")
    for name in ("profile", "email", "password/change", "2fa", "2fa/webauthn", "sessions"):
        album.look(f"account-{name.replace('/', '-')}", f"/accounts/{name}/")

    _set_up_app(album)
    _add_passkey(album)
    page.context.clear_cookies()
    log_in(page, live_server.url, "ada@soap.example")
    page.wait_for_url("**/accounts/2fa/authenticate/")
    album.look("second-step", "/accounts/2fa/authenticate/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/t/ada-soap/")

    page.context.clear_cookies()
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url("**/t/ada-soap/")
    assert album.found == {}


@pytest.mark.django_db(transaction=True)
def test_an_analyst_is_invited_and_joins(album: Album, live_server: LiveServer) -> None:
    page = album.visitor.page
    tenant = make_tenant()
    make_member(tenant, email="ada@soap.example")
    make_member(tenant, "support", "a-very-long-address-of-somebody@department.soap.example")
    User.objects.filter(email="ada@soap.example").update(name="Ada Byron")
    log_in(page, live_server.url, "ada@soap.example")
    page.goto(f"{live_server.url}/t/ada-soap/settings/members/")
    page.get_by_role("button", name="Invite somebody").click()
    album.keep("invite")
    page.get_by_label("Email").fill("ann@soap.example")
    page.get_by_text("Analyst: ").click()
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text("The invitation is on its way").wait_for()
    album.look("members-invited", "/t/ada-soap/settings/members/")
    path = str(mail.outbox[-1].body).split(live_server.url)[1].split()[0]
    album.look("invitation-other", path, status=403)
    page.context.clear_cookies()
    album.look("invitation", path)
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Create account and join").click()
    page.wait_for_url("**/t/ada-soap/")
    album.look("invitation-used", path, status=410)
    album.look("may-not", "/t/ada-soap/segments/new/", status=403)
    assert Member.objects.get(user__email="ann@soap.example").role == "analyst"
    Tenant.objects.update(requires_two_step=True)
    album.look("two-step-needed", "/t/ada-soap/", status=403)
    _remove("ann@soap.example", "ada@soap.example")
    album.look("removed", "/t/ada-soap/", status=404)
    assert album.found == {}


def _set_up_app(album: Album) -> None:
    page = album.visitor.page
    album.look("confirm", "/accounts/2fa/totp/activate/")
    confirm(page)
    page.locator("#secret-totp").wait_for()
    album.look("two-step-set-up", "/accounts/2fa/totp/activate/")
    secret = page.locator("#secret-totp").inner_text()
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Switch it on").click()
    page.wait_for_url("**/accounts/2fa/recovery-codes/")
    album.keep("recovery-codes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the codes").click()
    assert len(download.value.path().read_text().split()) == 10


def _add_passkey(album: Album) -> None:
    page = album.visitor.page
    album.look("passkey-add", "/accounts/2fa/webauthn/add/")
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/accounts/2fa/")
    album.look("passkeys", "/accounts/2fa/webauthn/")
    assert page.get_by_text("Work laptop").is_visible()
    album.look("two-step-on", "/accounts/2fa/")


def _give_authenticator(page: Page) -> None:
    """Let the browser make passkeys as a laptop with a fingerprint reader does."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def _remove(email: str, by: str) -> None:
    Tenant.objects.update(requires_two_step=False)
    client = Client()
    client.force_login(User.objects.get(email=by))
    number = Member.objects.get(user__email=email).pk
    answer = client.post(f"/t/ada-soap/settings/members/{number}/remove/")
    assert answer.status_code == 302
