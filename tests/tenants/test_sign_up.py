"""Signing up, the shop that comes of it, and the mails of the log-in."""

import re
from collections.abc import Callable
from pathlib import Path

import allauth
import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from crm.choices import STOREFRONTS
from kernel.tenancy import tenant_scope
from tenants.choices import KeyKind, Role
from tenants.domain.mails import MAILS
from tenants.domain.origins import currency_of, guess_country, zone_of
from tenants.models import ApiKey, AuditEntry, Member, Tenant, User
from tests.factories.tenants import PASSWORD, make_member, sign_in

NEWCOMER = {"name": "Ada Byron", "email": "ada@soap.example", "password1": "correct horse battery"}
SHOP = {
    "name": "Ada's Soap",
    "country": "GB",
    "currency": "GBP",
    "timezone": "Europe/London",
    "platform": "shopify",
}
Run = Callable[..., object]


@pytest.fixture
def commits(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Run:
    """Post with what waits for the commit done afterwards."""

    def post(client: Client, address: str, data: dict[str, str]) -> object:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(address, data)

    return post


def link_in(place: int) -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[place].body))
    assert found is not None
    return found[1]


def test_a_name_of_many_lines_is_kept_as_one(db: None) -> None:
    client = Client()
    client.post("/accounts/signup/", NEWCOMER)
    client.post("/shops/new/", {**SHOP, "name": "Ada's\r\n Soap"})
    assert Tenant.objects.get().name == "Ada's Soap"


def test_sign_up_leads_through_one_step_to_connecting_the_store(db: None) -> None:
    client = Client()
    answer = client.post("/accounts/signup/", NEWCOMER)
    assert answer.headers["Location"] == "/shops/new/"
    answer = client.post("/shops/new/", SHOP)
    assert answer.headers["Location"] == "/t/adas-soap/stores/connect/?platform=shopify"
    assert client.get(answer.headers["Location"]).status_code == 200
    member = Member.objects.get()
    assert (member.role, member.user.name) == (Role.OWNER, "Ada Byron")
    tenant = member.tenant
    assert (tenant.currency, tenant.country, tenant.timezone) == ("GBP", "GB", "Europe/London")
    assert list(ApiKey.objects.values_list("kind", flat=True)) == [KeyKind.WRITE]
    with tenant_scope(tenant.pk):
        created = AuditEntry.objects.get(action="tenant.created")
    assert created.actor == "ada@soap.example"


def test_the_mail_confirms_the_address(db: None, commits: Run) -> None:
    client = Client()
    commits(client, "/accounts/signup/", NEWCOMER)
    message = mail.outbox[-1]
    assert message.subject == "Confirm your email address"
    assert "<mj-" not in str(message.alternatives[0][0])  # type: ignore[attr-defined] # HTML part
    address = link_in(-1)
    assert "Is ada@soap.example yours?" in client.get(address).content.decode()
    assert not EmailAddress.objects.get().verified
    client.post(address)
    assert EmailAddress.objects.get().verified


def test_where_confirming_is_a_must_nobody_is_in_before(
    db: None, commits: Run, settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client = Client()
    commits(client, "/accounts/signup/", NEWCOMER)
    assert client.get("/shops/new/").status_code == 302
    client.post(link_in(-1))
    assert client.get("/shops/new/").status_code == 200


def test_closed_sign_up_makes_nobody(db: None, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    page = Client().post("/accounts/signup/", NEWCOMER)
    assert "Sign-up is closed" in page.content.decode()
    assert not User.objects.exists()


def test_where_sign_up_is_closed_only_owners_make_shops(tenant: Tenant, settings: Settings) -> None:
    settings.SIGNUP_OPEN = False
    assert sign_in(tenant, Role.ADMIN).post("/shops/new/", SHOP).status_code == 403
    assert Tenant.objects.count() == 1
    assert sign_in(tenant).post("/shops/new/", SHOP).status_code == 302
    assert Tenant.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "A" * 201),
        ("currency", "XXX"),
        ("timezone", "Mars"),
        ("country", ""),
    ],
)
def test_a_shop_that_breaks_a_rule_is_not_made(tenant: Tenant, field: str, value: str) -> None:
    page = sign_in(tenant).post("/shops/new/", {**SHOP, field: value})
    assert page.status_code == 422
    assert Tenant.objects.count() == 1


@pytest.mark.parametrize("name", ["A" * 200, "متجر الأسطرلاب", "🧼🧴", "<script>alert(1)</script>"])
def test_a_shop_may_be_called_anything(tenant: Tenant, name: str) -> None:
    client = sign_in(tenant)
    answer = client.post("/shops/new/", {**SHOP, "name": name})
    page = client.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
    assert Tenant.objects.order_by("-pk")[0].name == name


def test_the_browser_says_which_country_is_chosen_already(tenant: Tenant) -> None:
    page = sign_in(tenant).get("/shops/new/", headers={"Accept-Language": "de-CH,de;q=0.9"})
    form = page.context["form"]
    assert (form["country"].value(), form["currency"].value()) == ("CH", "CHF")


@pytest.mark.parametrize(
    ("languages", "country"),
    [("en-US,en;q=0.9", "US"), ("ja", "JP"), ("zh-Hans-CN", "CN"), ("", "GB"), ("*", "GB")],
)
def test_a_country_is_guessed_from_the_languages(languages: str, country: str) -> None:
    assert guess_country(languages) == country


def test_a_country_brings_its_currency_and_zone() -> None:
    assert (currency_of("JP"), zone_of("JP")) == ("JPY", "Asia/Tokyo")
    assert (currency_of("??"), zone_of("")) == ("", "UTC")


def test_the_platforms_on_offer_are_those_that_can_be_connected(tenant: Tenant) -> None:
    page = sign_in(tenant).get("/shops/new/")
    offered = [value for value, _ in page.context["form"].fields["platform"].choices]
    assert offered == list(STOREFRONTS)


def test_a_known_address_gets_no_second_account(tenant: Tenant) -> None:
    make_member(tenant, Role.OWNER, "ada@soap.example")
    Client().post("/accounts/signup/", NEWCOMER)
    assert User.objects.count() == 1


def test_a_new_password_by_mail_ends_every_session(tenant: Tenant, commits: Run) -> None:
    ada = make_member(tenant, Role.OWNER, "ada@soap.example")
    thief = Client()
    thief.force_login(ada.user)
    client = Client()
    commits(client, "/accounts/password/reset/", {"email": "ada@soap.example"})
    assert mail.outbox[-1].subject == "Choose a new password"
    page = client.get(link_in(-1), follow=True)
    address = page.redirect_chain[-1][0]
    commits(client, address, {"password1": "another horse battery"})
    ada.user.refresh_from_db()
    assert ada.user.check_password("another horse battery")
    assert thief.get("/t/ada-soap/").status_code == 302
    assert AuditEntry.objects.get(action="password.reset").actor == "ada@soap.example"
    assert "This link no longer works" in Client().get(link_in(0), follow=True).content.decode()


def test_an_unknown_address_is_told_nothing_on_the_page(db: None, commits: Run) -> None:
    answer = Client().post("/accounts/password/reset/", {"email": "nobody@x.example"})
    assert answer.headers["Location"] == "/accounts/password/reset/done/"


def test_the_address_changes_once_the_new_one_is_confirmed(tenant: Tenant, commits: Run) -> None:
    ada = make_member(tenant, Role.OWNER, "ada@soap.example")
    client = Client()
    client.post("/accounts/login/", {"login": ada.user.email, "password": PASSWORD})
    data = {"email": "new@soap.example", "action_add": ""}
    asked = client.post("/accounts/email/", data)
    assert asked.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"
    assert mail.outbox == []
    commits(client, asked.headers["Location"], {"password": PASSWORD})
    ada.user.refresh_from_db()
    assert ada.user.email == "ada@soap.example"
    confirmations = [at for at, sent in enumerate(mail.outbox) if sent.to == ["new@soap.example"]]
    client.post(link_in(confirmations[-1]))
    ada.user.refresh_from_db()
    assert ada.user.email == "new@soap.example"
    entry = AuditEntry.objects.get(action="email.changed")
    assert entry.after == {"email": "new@soap.example"}


@pytest.mark.django_db(databases=["default", "sys"])
def test_links_in_mails_lead_to_the_public_address_whatever_the_host(
    tenant: Tenant, commits: Run, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://patron.example"
    make_member(tenant, Role.OWNER, "ada@soap.example")
    client = Client(headers={"Host": "evil.example"})
    commits(client, "/accounts/password/reset/", {"email": "ada@soap.example"})
    assert "https://patron.example/accounts/password/reset/key/" in str(mail.outbox[-1].body)
    assert "evil.example" not in str(mail.outbox[-1].body)


def test_every_mail_of_the_log_in_has_our_words() -> None:
    folder = Path(allauth.__file__).parent / "templates"
    theirs = {
        str(path.relative_to(folder)).removesuffix("_subject.txt")
        for app in ("account", "mfa")
        for path in (folder / app / "email").glob("*_subject.txt")
    }
    by_code = {"account/email/login_code", "account/email/password_reset_code"}
    of_ours = {"invitation", "notice", "notices"}
    assert theirs - by_code == set(MAILS) - of_ours
