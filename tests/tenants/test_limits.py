"""Limits on log-in, sign-up, reset and the rest: per account, per address, behind a proxy."""

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from kernel.requests import client_ip
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant, User
from tests.factories.tenants import PASSWORD, make_member

WRONG = {"login": "ada@soap.example", "password": "wrong"}
RIGHT = {"login": "ada@soap.example", "password": PASSWORD}


@pytest.fixture(autouse=True)
def ada(tenant: Tenant) -> None:
    """An owner with a password."""
    make_member(tenant, Role.OWNER, "ada@soap.example")


def try_from(ip: str, data: dict[str, str], **headers: str) -> Client:
    client = Client(REMOTE_ADDR=ip, headers=headers)
    client.post("/accounts/login/", data)
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_an_account_rests_after_five_wrong_passwords_from_anywhere() -> None:
    for place in range(5):
        try_from(f"203.0.113.{place}", WRONG)
    page = Client(REMOTE_ADDR="198.51.100.1").post("/accounts/login/", RIGHT)
    assert "rests for 5 minutes" in page.content.decode()
    assert not is_in(try_from("198.51.100.1", RIGHT))
    assert AuditEntry.objects.filter(action="login.failed").count() == 5
    assert AuditEntry.objects.filter(action="login.succeeded").count() == 0


def test_the_other_accounts_go_on(tenant: Tenant) -> None:
    make_member(tenant, Role.ADMIN, "bea@soap.example")
    for place in range(6):
        try_from(f"203.0.113.{place}", WRONG)
    assert is_in(try_from("198.51.100.1", {**RIGHT, "login": "bea@soap.example"}))


def test_an_address_rests_after_twenty_wrong_passwords() -> None:
    for number in range(20):
        try_from("203.0.113.9", {"login": f"p{number}@x.example", "password": "wrong"})
    assert not is_in(try_from("203.0.113.9", RIGHT))
    assert is_in(try_from("203.0.113.10", RIGHT))


def test_a_forged_header_is_another_address_only_behind_a_proxy(settings: Settings) -> None:
    for number in range(20):
        data = {"login": f"p{number}@x.example", "password": "wrong"}
        try_from("203.0.113.9", data, **{"X-Forwarded-For": f"192.0.2.{number}"})
    assert not is_in(try_from("203.0.113.9", RIGHT, **{"X-Forwarded-For": "192.0.2.99"}))
    settings.BEHIND_PROXY = True
    assert is_in(try_from("203.0.113.9", RIGHT, **{"X-Forwarded-For": "192.0.2.99"}))


@pytest.mark.parametrize(
    ("is_behind", "forwarded", "ip"),
    [
        (False, "192.0.2.1", "203.0.113.9"),
        (True, "192.0.2.1", "192.0.2.1"),
        (True, "10.0.0.1, 192.0.2.1", "192.0.2.1"),
        (True, "192.0.2.1, 2001:db8::1", "2001:db8::1"),
        (True, "", "203.0.113.9"),
        (True, "nonsense", "0.0.0.0"),  # noqa: S104 an address that is not known
    ],
)
def test_the_address_of_a_client(
    settings: Settings, is_behind: bool, forwarded: str, ip: str
) -> None:
    settings.BEHIND_PROXY = is_behind
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(headers=headers).get("/", REMOTE_ADDR="203.0.113.9")
    assert client_ip(request) == ip


def test_sign_up_is_limited_and_says_for_how_long() -> None:
    client = Client()
    for number in range(20):
        client.post("/accounts/signup/", {"name": "A", "email": f"p{number}", "password1": "x"})
    page = client.post(
        "/accounts/signup/",
        {"name": "A", "email": "eve@x.example", "password1": "correct horse battery"},
    )
    assert (page.status_code, page.headers["Retry-After"]) == (429, "3600")
    assert "this rests for 60 minutes at most" in page.content.decode()
    assert not User.objects.filter(email="eve@x.example").exists()


def test_asking_for_a_new_password_is_limited_for_each_account() -> None:
    answers = [
        Client(REMOTE_ADDR=f"203.0.113.{at}").post(
            "/accounts/password/reset/", {"email": "ada@soap.example"}
        )
        for at in range(4)
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]


def test_looking_at_a_page_is_never_limited() -> None:
    client = Client()
    assert {client.get("/accounts/login/").status_code for _ in range(40)} == {200}
