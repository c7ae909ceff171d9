"""The pages that need no tenant: log-in, and what a person sees when something is not there."""

import pytest
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django.views.defaults import bad_request, permission_denied, server_error

from tenants.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "heading"),
    [("account_login", "Log in"), ("account_reset_password", "Reset your password")],
)
def test_an_entrance_page_is_in_the_house_style(client: Client, name: str, heading: str) -> None:
    page = client.get(reverse(name))

    assert page.status_code == 200
    assert f"<h1>{heading}</h1>" in page.content.decode()
    assert 'class="sheet"' in page.content.decode()


def test_a_refused_log_in_says_so_above_the_form(client: Client) -> None:
    page = client.post(reverse("account_login"), {"login": "ada@example.com", "password": "no"})

    assert page.status_code == 200
    assert "form-errors" in page.content.decode()


def test_logging_out_asks_first(client: Client) -> None:
    client.force_login(User.objects.create_user("ada@example.com"))
    page = client.get(reverse("account_logout"))

    assert "ada@example.com" in page.content.decode()
    assert client.post(reverse("account_logout")).status_code == 302


@override_settings(DEBUG=False)
def test_an_unknown_address_gets_the_page_for_it(client: Client) -> None:
    page = client.get("/nowhere/")

    assert page.status_code == 404
    assert "There is nothing here" in page.content.decode()


def test_error_pages_need_no_context() -> None:
    request = RequestFactory().get("/")
    fault = ValueError("a secret detail")
    pages = [
        server_error(request),
        bad_request(request, fault),
        permission_denied(request, fault),
    ]

    assert [page.status_code for page in pages] == [500, 400, 403]
    assert all(b'class="sheet"' in page.content for page in pages)
    assert all(b"a secret detail" not in page.content for page in pages)
