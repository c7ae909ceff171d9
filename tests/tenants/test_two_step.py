"""Two-step verification: app, recovery codes, and tenants that ask for it."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from tenants.choices import Role
from tenants.models import AuditEntry, Member, Tenant
from tests.factories.tenants import PASSWORD, make_member, sign_in

PAGE = "/t/ada-soap/"
LOGIN = {"login": "ada@soap.example", "password": PASSWORD}


@pytest.fixture
def ada(tenant: Tenant) -> Member:
    """An owner with a password."""
    return make_member(tenant, Role.OWNER, "ada@soap.example")


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def log_in() -> Client:
    client = Client()
    client.post("/accounts/login/", LOGIN)
    return client


def prove(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def set_up(client: Client) -> str:
    """Switch the app on and return its secret."""
    prove(client)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert answer.headers["Location"] == "/accounts/2fa/recovery-codes/"
    return str(secret)


def codes_on(page_text: str) -> list[str]:
    found = re.search(r'<pre class="codes"[^>]*>([^<]*)</pre>', page_text)
    return found[1].split() if found else []


def test_setting_the_app_up_needs_the_password_once_more(ada: Member) -> None:
    answer = log_in().get("/accounts/2fa/totp/activate/")
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")


def test_the_secret_of_the_app_is_encrypted_and_the_trail_knows(
    ada: Member, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        secret = set_up(log_in())
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    added = AuditEntry.objects.filter(action="two_step.added")
    assert {entry.after["kind"] for entry in added if entry.after} == {"totp", "recovery_codes"}
    assert "Two-step verification is on" in {message.subject for message in mail.outbox}


def test_recovery_codes_are_shown_once_and_open_the_account_once(ada: Member) -> None:
    client = log_in()
    set_up(client)
    codes = codes_on(client.get("/accounts/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    again = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert codes_on(again) == []
    assert "They were shown before" in again
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403
    for expected in (302, 200):
        second = Client()
        assert second.post("/accounts/login/", LOGIN).headers["Location"] == (
            "/accounts/2fa/authenticate/"
        )
        answer = second.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert answer.status_code == expected
        assert ("_auth_user_id" in second.session) is (expected == 302)


def test_a_password_alone_opens_nothing_and_wrong_codes_are_stopped(ada: Member) -> None:
    secret = set_up(log_in())
    client = log_in()
    assert client.get(PAGE).status_code == 302
    for _ in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get(PAGE).status_code == 302
    assert AuditEntry.objects.filter(action="login.code_refused").exists()


def test_switching_the_app_off_takes_the_codes_with_it(ada: Member) -> None:
    client = log_in()
    set_up(client)
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.exists()
    assert AuditEntry.objects.filter(action="two_step.removed").count() == 2


def test_a_tenant_that_requires_it_leads_members_to_set_it_up(tenant: Tenant, ada: Member) -> None:
    TOTP.activate(ada.user, generate_totp_secret())
    owner = Client()
    owner.force_login(ada.user)
    owner.post(f"{PAGE}settings/members/two-step/", {"is_required": "on"})
    analyst = sign_in(tenant, Role.ANALYST)
    page = analyst.get(PAGE)
    assert page.status_code == 403
    assert "Ada Soap asks all its members for two-step verification" in page.content.decode()
    part = analyst.get(f"{PAGE}home/kpis/", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Refresh"]) == (403, "true")
    TOTP.activate(Member.objects.get(role="analyst").user, generate_totp_secret())
    assert analyst.get(PAGE).status_code == 200
    entry = AuditEntry.objects.get(action="tenant.two_step_changed")
    assert (entry.before, entry.after) == (
        {"requires_two_step": False},
        {"requires_two_step": True},
    )


def test_who_has_no_second_step_cannot_require_it(tenant: Tenant, ada: Member) -> None:
    client = Client()
    client.force_login(ada.user)
    page = client.post(f"{PAGE}settings/members/two-step/", {"is_required": "on"}, follow=True)
    assert "you would lock yourself out" in page.content.decode()
    assert not Tenant.objects.get().requires_two_step


def test_an_unconfirmed_address_gets_no_second_step(ada: Member) -> None:
    EmailAddress.objects.filter(user=ada.user).update(verified=False)
    client = log_in()
    prove(client)
    page = client.get("/accounts/2fa/totp/activate/", follow=True)
    assert "Confirm your email address first" in page.content.decode()
