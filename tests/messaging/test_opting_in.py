"""Double opt-in, and the copy of one's data: what only the reader of a mailbox can do."""

import json
import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine
from django.test import Client

from crm.models import ConsentEvent, Event, Profile, Suppression
from crm.services.consent import record_consent, suppress
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid
from kernel.sql import run_sql
from messaging.models import CouponCode, Message, Submission
from messaging.services import tokens
from messaging.services.accounts import connect_account
from messaging.services.opting_in import ask_to_confirm
from messaging.services.sending import send_due
from messaging.types import AccountData, MailboxToken, Proof, RecipientToken
from tenants.models import AuditEntry, Tenant
from tests.factories.coupons import make_pool
from tests.factories.messaging import make_recipient
from tests.factories.push import make_token
from tests.factories.signup import make_submission
from tests.factories.tenants import call_with, make_key, sign_in
from tests.support.smtp import SmtpServer

pytestmark = pytest.mark.django_db

ASKED = Proof("api", text_version="2026-05", ip="203.0.113.9", source_url="https://shop.example/n")


@pytest.fixture
def client() -> Client:
    return Client(headers={"user-agent": "Firefox"}, enforce_csrf_checks=True)


@pytest.fixture
def zoe(shop: Tenant) -> Profile:
    return make_recipient(email="zoe@example.com", email_consent="never")


def send() -> None:
    send_due(Deadline(seconds=None))


def link(smtp: SmtpServer, kind: str) -> str:
    """Return the path of the newest mail's own page; it must not be a tracked link."""
    part = smtp.mails[-1].get_body(("html",))
    assert part is not None
    [found] = set(re.findall(rf'href="https?://[^/"]+(/{kind}/[^"]+)"', part.get_content()))
    return str(found)


def state(person: Profile) -> str:
    person.refresh_from_db()
    return person.email_consent


@pytest.mark.covers("C1")
def test_who_presses_the_button_of_the_mail_is_subscribed_with_proof(
    client: Client, zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    assert ask_to_confirm(zoe.pk, ASKED) is True
    send()
    assert (state(zoe), smtp.mails[-1]["Subject"]) == (
        "pending",
        "Please confirm: news from Ada Soap",
    )
    path = link(smtp, "s")
    assert "Get news from Ada Soap?" in client.get(path).text
    assert client.head(path).status_code == 200
    assert state(zoe) == "pending"
    noon.shift(timedelta(days=6))
    for _ in range(2):
        assert "You are on the list" in client.post(path).text
    assert state(zoe) == "subscribed"
    said = ConsentEvent.objects.order_by("pk").values_list("state", "method", "text_version", "ip")
    assert list(said) == [
        ("pending", "api", "2026-05", "203.0.113.9"),
        ("subscribed", "double_opt_in", "", "127.0.0.1"),
    ]


def test_a_link_that_is_too_old_or_of_another_address_subscribes_nobody(
    client: Client, zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    ask_to_confirm(zoe.pk, ASKED)
    send()
    path = link(smtp, "s")
    Profile.objects.filter(pk=zoe.pk).update(email="other@example.com")
    assert client.post(path).status_code == 404
    Profile.objects.filter(pk=zoe.pk).update(email="zoe@example.com")
    noon.shift(timedelta(days=7, seconds=1))
    assert client.post(path).status_code == 404
    assert state(zoe) == "pending"


def test_who_said_no_since_is_not_subscribed_by_an_old_link(
    client: Client, zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    ask_to_confirm(zoe.pk, ASKED)
    send()
    noon.shift(timedelta(minutes=1))
    record_consent(zoe.pk, "email", "unsubscribed", method="manual")
    assert client.post(link(smtp, "s")).status_code == 404
    assert state(zoe) == "unsubscribed"


@pytest.mark.parametrize("said", ["unsubscribed", "withdrawn"])
def test_a_member_cannot_ask_who_said_no(zoe: Profile, shop: Tenant, said: str) -> None:
    record_consent(zoe.pk, "email", said, method="manual")
    client = sign_in(shop)
    page = f"/t/{shop.slug}/profiles/{zoe.pk}/consent/"
    assert "Ask by email" not in client.get(page).text
    answer = client.post(f"{page}ask/", {"reason": "At the till"}, follow=True)
    assert "They said no to marketing by email" in answer.text
    assert state(zoe) == said
    assert not Message.objects.exists()
    assert ConsentEvent.objects.count() == 1


def test_nobody_is_asked_at_a_suppressed_address(zoe: Profile, shop: Tenant) -> None:
    client = sign_in(shop)
    page = f"/t/{shop.slug}/profiles/{zoe.pk}/consent/"
    assert "Ask by email" in client.get(page).text
    suppress("email", zoe.email, "manual", "promotional")
    assert "Ask by email" not in client.get(page).text
    for is_own_wish in (False, True):
        with pytest.raises(Conflict):
            ask_to_confirm(zoe.pk, ASKED, is_own_wish=is_own_wish)
    assert state(zoe) == "never"
    assert not Message.objects.exists()


@pytest.mark.parametrize("said", ["unsubscribed", "withdrawn"])
def test_who_said_no_and_asks_again_stays_so_until_the_button(
    client: Client, zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller, said: str
) -> None:
    record_consent(zoe.pk, "email", said, method="manual")
    noon.shift(timedelta(minutes=1))
    assert ask_to_confirm(zoe.pk, ASKED, is_own_wish=True) is True
    assert ask_to_confirm(zoe.pk, ASKED, is_own_wish=True) is False
    send()
    assert state(zoe) == said
    assert [row.state for row in run_sql("crm.held_consent", ids=[zoe.pk])] == [said]
    assert Event.objects.filter(name="Consent Changed").count() == 1
    assert "You are on the list" in client.post(link(smtp, "s")).text
    assert state(zoe) == "subscribed"
    told = ConsentEvent.objects.order_by("pk").values_list("state", "text_version")
    assert list(told) == [(said, ""), ("pending", "2026-05"), ("subscribed", "")]


def test_a_no_after_the_wish_to_come_back_ends_it(
    client: Client, zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    record_consent(zoe.pk, "email", "unsubscribed", method="manual")
    ask_to_confirm(zoe.pk, ASKED, is_own_wish=True)
    send()
    noon.shift(timedelta(minutes=1))
    record_consent(zoe.pk, "email", "unsubscribed", method="one_click")
    assert client.post(link(smtp, "s")).status_code == 404
    assert state(zoe) == "unsubscribed"


def test_a_wish_from_before_the_no_is_refused(
    zoe: Profile, shop: Tenant, broker: object, noon: time_machine.Traveller
) -> None:
    wished_at = clock.now().isoformat()
    noon.shift(timedelta(minutes=1))
    record_consent(zoe.pk, "email", "unsubscribed", method="one_click")
    api = call_with(make_key(shop))
    body = {"profile_id": str(zoe.pk), "state": "pending"}
    assert _post(api, {**body, "occurred_at": wished_at}).status_code == 409
    assert not Message.objects.exists()
    noon.shift(timedelta(minutes=1))
    assert _post(api, body).status_code == 201
    assert Message.objects.count() == 1
    assert state(zoe) == "unsubscribed"


def test_a_no_does_not_let_the_number_of_mails_begin_again(
    zoe: Profile, noon: time_machine.Traveller
) -> None:
    for _ in range(3):
        assert ask_to_confirm(zoe.pk, ASKED, is_own_wish=True) is True
        noon.shift(timedelta(minutes=11))
        record_consent(zoe.pk, "email", "unsubscribed", method="one_click")
        noon.shift(timedelta(minutes=1))
    with pytest.raises(Conflict):
        ask_to_confirm(zoe.pk, ASKED, is_own_wish=True)
    assert Message.objects.count() == 3
    record_consent(zoe.pk, "email", "subscribed", method="manual")
    record_consent(zoe.pk, "email", "unsubscribed", method="one_click")
    noon.shift(timedelta(minutes=1))
    assert ask_to_confirm(zoe.pk, ASKED, is_own_wish=True) is True


@pytest.mark.parametrize("reason", ["hard_bounce", "spam_complaint"])
def test_no_button_goes_over_a_bounce_or_a_complaint(
    client: Client, zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller, reason: str
) -> None:
    ask_to_confirm(zoe.pk, ASKED)
    send()
    suppress("email", zoe.email, reason)
    path = link(smtp, "s")
    assert [client.get(path).status_code, client.post(path).status_code] == [404, 404]
    assert state(zoe) == "pending"
    assert Suppression.objects.get().reason == reason


def test_at_most_three_mails_ask_and_not_at_once(
    zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    sent = []
    for _ in range(6):
        sent.append(ask_to_confirm(zoe.pk, ASKED))
        noon.shift(timedelta(minutes=6))
        if sum(sent) == 3:
            break
    assert sent == [True, False, True, False, True]
    noon.shift(timedelta(hours=1))
    with pytest.raises(Conflict):
        ask_to_confirm(zoe.pk, ASKED)
    send()
    assert len(smtp.mails) == 3
    assert ConsentEvent.objects.count() == 1


def test_nobody_is_asked_who_said_yes_or_has_no_address(shop: Tenant) -> None:
    assert ask_to_confirm(make_recipient().pk, ASKED) is False
    with pytest.raises(Invalid):
        ask_to_confirm(make_recipient(email="", email_consent="never").pk, ASKED)
    assert not Message.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_the_api_records_consent_and_asks_for_a_yes(
    zoe: Profile, shop: Tenant, broker: object
) -> None:
    api = call_with(make_key(shop))
    body: dict[str, Any] = {"profile_id": str(zoe.pk), "state": "pending", "ip": "203.0.113.9"}
    answers = [_post(api, body) for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (201, {"is_new": True}),
        (200, {"is_new": False}),
    ]
    assert Message.objects.get().profile_id == zoe.pk
    assert _post(api, {**body, "channel": "sms"}).status_code == 400
    assert _post(api, {**body, "profile_id": "999999"}).status_code == 404
    assert _post(api, {**body, "occurred_at": "2030-01-01T00:00:00Z"}).status_code == 400
    assert _post(api, {**body, "state": "unsubscribed"}).status_code == 201
    rows = api.get(f"/api/v1/consents/?profile_id={zoe.pk}").json()["results"]
    assert [(row["state"], row["method"]) for row in rows] == [
        ("unsubscribed", "api"),
        ("pending", "api"),
    ]
    assert rows[0]["actor"].startswith("key:")


@pytest.mark.covers("X12")
def test_the_data_goes_to_the_mailbox_and_not_to_who_holds_the_link(
    client: Client, zoe: Profile, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    record_consent(zoe.pk, "email", "subscribed", method="manual", detail="=SUM(A1)")
    make_submission(zoe)
    web = AccountData("push", "web", "Site", {}, {})
    make_token(
        zoe, connect_account(web, actor="ada@example.com"), "the secret address of a browser"
    )
    pool = make_pool(["SOAP10", "SOAP11"])
    CouponCode.objects.filter(coupon=pool, code="SOAP10").update(profile=zoe)
    token = RecipientToken(zoe.tenant_id, zoe.pk, 0)
    page = "/p/" + tokens.sign_recipient(token)
    for _ in range(2):
        answer = client.post(page, {"action": "copy"})
        assert "A link is on its way" in answer.text
        assert "/d/" not in answer.text
    send()
    assert len(smtp.mails) == 1
    path = link(smtp, "d")
    assert "Download it" in client.get(path).text
    packed = ZipFile(BytesIO(client.post(path).content))
    data = json.loads(packed.read("your_data.json"))
    assert data["profile"]["email"] == "zoe@example.com"
    assert data["preferences"]["frequency"] == "all"
    sent = Submission.objects.get()
    assert [row["answers"] for row in data["submissions"]] == [sent.answers]
    assert [row["platform"] for row in data["devices"]] == ["web"]
    assert "secret address" not in str(data)
    assert [(row["coupon"], row["code"]) for row in data["coupon_codes"]] == [(pool.name, "SOAP10")]
    assert "'=SUM(A1)" in packed.read("consent.csv").decode()
    assert AuditEntry.objects.filter(action="profile.exported", actor="recipient").count() == 1
    noon.shift(timedelta(days=1, seconds=1))
    assert client.post(path).status_code == 404


def test_a_link_of_one_kind_or_tenant_is_none_of_another(
    client: Client, zoe: Profile, other_tenant: Tenant
) -> None:
    mine = MailboxToken(zoe.tenant_id, zoe.pk, "x")
    copy = tokens.copy_url(mine).rpartition("/")[2]
    foreign = tokens.confirm_url(MailboxToken(other_tenant.pk, zoe.pk, "x")).rpartition("/")[2]
    for path in (f"/s/{copy}", f"/s/{foreign}", "/s/nonsense", "/d/nonsense", f"/d/{copy}"):
        assert client.post(path).status_code == 404
    assert state(zoe) == "never"


def _post(api: Client, body: dict[str, Any]) -> Any:
    return api.post("/api/v1/consents/", body, content_type="application/json")
