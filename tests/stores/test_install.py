"""The page that helps to install tracking, and whether it sees the site."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from config.wsgi import application
from crm.services.api_store import ensure_api_store
from kernel.edges import EdgeRequest
from kernel.rates import Rate
from stores.models import InboxDelivery
from stores.queries import list_refused
from stores.services import site_checks
from stores.services.push_proof import push_secret
from stores.views import tracking
from tenants.choices import KeyKind, Role
from tenants.models import ApiKey, Tenant
from tenants.services.keys import create_key
from tests.factories.tenants import sign_in
from tests.support.tracking import FakeSite, track

PAGE = "https://soap.example/lemon"


@pytest.fixture
def member(tenant: Tenant) -> Client:
    return sign_in(tenant)


def address(name: str) -> str:
    return reverse(f"stores:{name}", args=["ada-soap"])


def tell(key: str, **said: str) -> HTTPStatus:
    """Let the script of a site answer to a token."""
    body = json.dumps({"key": key, "page": PAGE, "state": "ok", **said}).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/check",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": _Body(body),
    }
    return tracking.receive_tracking(EdgeRequest(environ)).status


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        return self._body[:size]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["script", "shopify", "woocommerce", "segment", "server"])
def test_each_kind_of_site_has_its_text_with_address_and_key(
    tenant: Tenant, member: Client, kind: str
) -> None:
    key = create_key(name="Site", kind=KeyKind.WRITE)
    page = member.get(f"{address('install')}?for={kind}").content.decode()
    assert key.secret in page
    assert "%KEY%" not in page
    assert "%HOST%" not in page
    assert "data-copy-from" in page
    assert "for 30 days" in page


@pytest.mark.django_db
def test_without_a_key_one_can_be_made_there(tenant: Tenant, member: Client) -> None:
    assert "There is no write key" in member.get(address("install")).content.decode()
    assert member.post(address("install_key")).status_code == HTTPStatus.FOUND
    key = ApiKey.objects.get(tenant_id=tenant.pk)
    assert (key.kind, key.scopes) == ("write", ["events:write"])
    assert key.hint in member.get(address("install")).content.decode()


@pytest.mark.django_db
def test_who_may_not_make_keys_is_refused(tenant: Tenant) -> None:
    marketer = sign_in(tenant, Role.ANALYST)
    assert marketer.post(address("install_key")).status_code == HTTPStatus.FORBIDDEN
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("ok", "We see you"),
        ("waiting", "No consent yet"),
        ("refused", "Consent was refused"),
        ("gpc", "Global Privacy Control is on"),
        ("blocked", "Your site blocks the calls"),
    ],
)
def test_the_page_says_what_the_script_answered(
    site: FakeSite, tenant: Tenant, state: str, words: str
) -> None:
    member = sign_in(tenant)
    token = site_checks.make_token()
    seen = f"{address('install_seen')}?token={token}"
    assert words not in member.get(seen).content.decode()
    assert tell(site.key, token=token, state=state) == HTTPStatus.OK
    page = member.get(seen).content.decode()
    assert words in page
    assert PAGE in page


def test_a_wrong_key_is_told_of_to_whoever_asked(site: FakeSite, tenant: Tenant) -> None:
    member = sign_in(tenant)
    token = site_checks.make_token()
    assert tell("wk_nobody", token=token) == HTTPStatus.OK
    assert "Wrong key" in member.get(f"{address('install_seen')}?token={token}").content.decode()


@pytest.mark.parametrize("said", [{"token": "made-up"}, {"token": ""}, {"state": "odd"}])
def test_an_answer_to_a_token_nobody_was_given_is_not_kept(
    said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_checks, "find_key", lambda secret: None)
    monkeypatch.setattr(cache, "set", lambda *_: pytest.fail("it was kept"))
    answer = {"token": site_checks.make_token(), **said}
    assert tell("wk_1", **answer) == HTTPStatus.NOT_FOUND


def test_a_page_that_may_send_nothing_asks_for_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_checks, "find_key", lambda secret: None)
    token = site_checks.make_token()
    query = f"token={token}&key=wk_1&state=blocked&page=https%3A%2F%2Fsoap.example%2F"
    heard: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/v1/check", "QUERY_STRING": query}
    [body] = application(environ, lambda status, headers: heard.append(status))
    assert heard == ["200 OK"]
    assert body.startswith(b"GIF89a")
    found = site_checks.find_answer(token, 1)
    assert found is not None
    assert (found.state, found.is_ours, found.is_good) == ("blocked", False, False)


@pytest.mark.django_db
def test_what_arrived_last_is_shown_with_page_and_consent(tenant: Tenant, member: Client) -> None:
    call = {
        **track(anonymousId="a-1"),
        "context": {
            "page": {"url": f"{PAGE}?email=ada@example.com"},
            "consent": {"state": "given"},
            "library": {"name": "patron.js"},
            "traits": {"email": "ada@example.com"},
        },
    }
    InboxDelivery.objects.create(
        store_id=ensure_api_store(),
        delivery_id="track:1",
        topic="tracking/batch",
        source="tracking",
        body=json.dumps({"batch": [call]}).encode(),
        status="applied",
    )
    page = member.get(address("install_seen")).content.decode()
    for words in ("Product Viewed", PAGE, "The visitor agreed", "patron.js", "Named"):
        assert words in page
    assert "ada@example.com" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"batch": 1}', b'{"batch": [null]}'])
def test_a_call_that_says_nothing_is_shown_all_the_same(
    tenant: Tenant, member: Client, body: bytes
) -> None:
    InboxDelivery.objects.create(
        store_id=ensure_api_store(),
        delivery_id="track:1",
        topic="tracking/track",
        source="tracking",
        body=body,
        status="quarantined",
        reason="The body is not a call",
    )
    page = member.get(address("install_seen")).content.decode()
    assert "Not told" in page
    assert "The body is not a call" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("stores.public_urls")
def test_a_key_that_sends_too_much_is_told_to_wait(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.services.filing.ring_soon", lambda kind, tenant: None)
    monkeypatch.setattr("kernel.rates.time.monotonic", lambda: 100.0)
    monkeypatch.setattr(tracking, "_RATE", Rate(2))
    answers = [site.batch(track(userId="u-1", messageId=f"m-{number}")) for number in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 429]
    assert answers[2].headers["Retry-After"] == "1"
    assert answers[2].json()["code"] == "too_many_requests"
    assert answers[2].headers["Access-Control-Allow-Origin"] == "*"
    assert len(site.filed()) == 2
    with transaction.atomic():
        refused = [(found.reason, found.count) for found in list_refused()]
    assert refused == [("tracking_rate", 1)]
    monkeypatch.setattr("kernel.rates.time.monotonic", lambda: 101.0)
    assert site.batch(track(userId="u-1", messageId="m-2")).status_code == HTTPStatus.OK


@pytest.mark.django_db
def test_the_push_secret_stands_beside_push_alone_for_whoever_manages_keys(
    tenant: Tenant,
) -> None:
    secret, page = push_secret(), address("install")
    owner, marketer = sign_in(tenant), sign_in(tenant, Role.MARKETER)
    assert secret in owner.get(f"{page}?for=push").text
    assert secret not in owner.get(page).text
    answer = marketer.get(f"{page}?for=push")
    assert (answer.status_code, secret in answer.text) == (HTTPStatus.FORBIDDEN, False)
