"""Unsubscribe, preferences, pixel and links, through HTTP."""

import html
import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine
from django.core.signing import Signer
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from crm.models import ConsentEvent, Event, Profile, ProfileFacts
from kernel.batches import Deadline
from messaging.choices import MessageClass
from messaging.models import Message, Touch
from messaging.services import tokens, tracking
from messaging.services.sending import send_due
from messaging.types import Hit, LinkToken, RecipientToken
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.support.smtp import SmtpServer

BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1"
BODY = (
    "<a href='https://shop.example/a?x=1&amp;y=2'>A</a> <a href='https://shop.example/b'>B</a> "
    "<a href='https://shop.example/c'>C</a> <a href='mailto:help@shop.example'>Help</a> "
    "<a href='{{ unsubscribe_url }}'>Unsubscribe</a> <a href='{{ preferences_url }}'>Settings</a>"
)


@pytest.fixture
def client() -> Client:
    return Client(headers={"user-agent": BROWSER}, enforce_csrf_checks=True)


@pytest.fixture
def mail(shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller) -> EmailMessage:
    """A promotional mail that was sent a minute ago."""
    queue_message(make_recipient(email="ada@example.com"), make_template(body=BODY))
    send_due(Deadline(seconds=None))
    noon.shift(timedelta(minutes=1))
    return smtp.mails[0]


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def addresses(mail: EmailMessage, kind: str) -> list[str]:
    """Return the paths of our addresses of one kind in a mail, in order."""
    found = re.findall(rf"https?://[^\"'/]+(/{kind}/[^\"']+)", html_of(mail))
    return [html.unescape(path) for path in found]


def header_address(mail: EmailMessage) -> str:
    return re.sub(r"^<https?://[^/]+(.*)>$", r"\1", str(mail["List-Unsubscribe"]))


def consent() -> str:
    return Profile.objects.get().email_consent


def test_get_and_head_of_every_address_change_no_subscription(
    client: Client, mail: EmailMessage
) -> None:
    paths = [header_address(mail), *(addresses(mail, kind)[0] for kind in "up")]

    for path in paths:
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200

    assert consent() == "subscribed"
    assert not ConsentEvent.objects.exists()
    assert not Touch.objects.exists()


def test_the_page_asks_first(client: Client, mail: EmailMessage) -> None:
    page = client.get(header_address(mail))

    assert page.headers["Cache-Control"] == "no-store, private"
    words = page.content.decode()
    assert "Stop emails from Ada Soap?" in words
    assert "a…@example.com" in words
    assert "ada@example.com" not in words


def test_one_click_unsubscribes_without_cookie_log_in_or_redirect(
    client: Client, mail: EmailMessage
) -> None:
    answer = client.post(header_address(mail), {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert not answer.cookies
    assert consent() == "unsubscribed"
    event = ConsentEvent.objects.get()
    assert (event.channel, event.state, event.method) == ("email", "unsubscribed", "one_click")
    assert (event.ip, event.user_agent) == ("127.0.0.1", BROWSER)
    assert Event.objects.filter(name="Message Unsubscribed").count() == 1
    assert Touch.objects.get().kind == "unsubscribed"


def test_the_proof_of_a_consent_names_the_person_and_not_the_proxy(
    client: Client, mail: EmailMessage, settings: Settings
) -> None:
    settings.BEHIND_PROXY = True
    headers = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
    client.post(header_address(mail), {"List-Unsubscribe": "One-Click"}, headers=headers)
    assert ConsentEvent.objects.get().ip == "203.0.113.9"


def test_unsubscribing_again_changes_nothing(client: Client, mail: EmailMessage) -> None:
    path = header_address(mail)
    for _ in range(3):
        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert ConsentEvent.objects.count() == 1
    assert Event.objects.filter(name="Message Unsubscribed").count() == 1


def test_after_unsubscribing_marketing_stops_and_confirmations_go_on(
    client: Client, mail: EmailMessage, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    assert client.post(header_address(mail)).status_code == 200
    noon.shift(timedelta(days=2))
    person = Profile.objects.get()

    promotion = queue_message(person, make_template())
    confirmation = queue_message(person, make_template("r", MessageClass.TRANSACTIONAL))
    send_due(Deadline(seconds=None))

    promotion.refresh_from_db()
    confirmation.refresh_from_db()
    assert (promotion.status, promotion.reason) == ("skipped", "no_consent")
    assert confirmation.status == "sent"
    assert len(smtp.raw) == 2


def test_the_link_works_after_the_message_was_purged(client: Client, mail: EmailMessage) -> None:
    Message.objects.all().delete()

    assert client.post(header_address(mail), {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert consent() == "unsubscribed"


def test_the_link_of_a_merged_profile_serves_the_winner(client: Client, mail: EmailMessage) -> None:
    loser = Profile.objects.get()
    winner = make_recipient()
    Profile.objects.filter(pk=loser.pk).update(merged_into=winner)

    client.post(header_address(mail), {"List-Unsubscribe": "One-Click"})

    winner.refresh_from_db()
    assert winner.email_consent == "unsubscribed"


def test_preferences_show_and_change_what_is_sent(
    client: Client, mail: EmailMessage, noon: time_machine.Traveller
) -> None:
    [path] = addresses(mail, "p")
    assert "Stop news and offers" in client.get(path).content.decode()

    stopped = client.post(path, {"action": "unsubscribe"})
    assert "Send me news and offers" in stopped.content.decode()
    assert consent() == "unsubscribed"
    noon.shift(timedelta(minutes=1))
    again = client.post(path, {"action": "subscribe"})

    assert "Stop news and offers" in again.content.decode()
    assert consent() == "subscribed"
    methods = set(ConsentEvent.objects.values_list("method", flat=True))
    assert methods == {"preference_page"}
    assert client.post(path, {"action": "explode"}).status_code == 400


@pytest.mark.parametrize("path", ["/u/", "/p/", "/c/", "/o/"])
def test_an_address_nobody_made_is_not_found(client: Client, tenant: Tenant, path: str) -> None:
    ends = ".gif" if path == "/o/" else ""
    foreign = Signer(key="other", salt="messaging.recipient").sign("1.1.1")

    assert client.get(f"{path}nonsense{ends}").status_code == 404
    assert client.get(f"{path}{foreign}{ends}").status_code == 404


def test_a_token_of_one_kind_is_none_of_another(
    client: Client, mail: EmailMessage, shop: Tenant
) -> None:
    unsubscribe = header_address(mail).removeprefix("/u/")

    assert client.get(f"/c/{unsubscribe}").status_code == 404
    assert client.get(f"/o/{unsubscribe}.gif").status_code == 404


def test_a_token_with_the_ids_of_another_tenant_finds_nobody(
    client: Client, mail: EmailMessage, other_tenant: Tenant
) -> None:
    person = Profile.objects.get()
    foreign = tokens.unsubscribe_url(RecipientToken(other_tenant.pk, person.pk, 1))

    assert client.post("/u/" + foreign.rpartition("/")[2]).status_code == 404

    assert consent() == "subscribed"


def test_links_lead_to_their_target_and_a_click_is_recorded_once_per_link(
    client: Client, mail: EmailMessage
) -> None:
    first, second, third = addresses(mail, "c")
    assert html_of(mail).count("mailto:help@shop.example") == 1
    assert len(addresses(mail, "u")) == len(addresses(mail, "p")) == 1

    for _ in range(2):
        answer = client.get(first)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "https://shop.example/a?x=1&y=2"
    assert client.get(second).headers["Location"] == "https://shop.example/b"
    assert third

    message = Message.objects.get()
    assert message.clicked_at is not None
    assert message.opened_at is None
    assert Touch.objects.filter(kind="clicked", is_bot=False).count() == 3
    clicked = Event.objects.filter(name="Message Clicked").order_by("id")
    assert [event.properties["url"] for event in clicked] == [
        "https://shop.example/a?x=1&y=2",
        "https://shop.example/b",
    ]
    assert ProfileFacts.objects.get().last_clicked_at == message.clicked_at


def test_the_pixel_notes_the_first_opening(
    client: Client, mail: EmailMessage, noon: time_machine.Traveller
) -> None:
    [pixel] = addresses(mail, "o")
    answer = client.get(pixel)
    first = Message.objects.get().opened_at
    noon.shift(timedelta(hours=1))
    client.get(pixel)

    assert answer.headers["Content-Type"] == "image/gif"
    assert answer.content.startswith(b"GIF89a")
    message = Message.objects.get()
    assert message.opened_at == first is not None
    assert Touch.objects.filter(kind="opened").count() == 2
    assert Event.objects.filter(name="Message Opened").count() == 1
    assert ProfileFacts.objects.get().last_opened_at == first + timedelta(hours=1)


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"},
        {"user-agent": "python-requests/2.32"},
        {"user-agent": ""},
        {"user-agent": BROWSER, "sec-purpose": "prefetch"},
    ],
)
def test_hits_of_machines_are_kept_and_start_nothing(
    client: Client, mail: EmailMessage, headers: dict[str, str]
) -> None:
    answer = client.get(addresses(mail, "c")[0], headers=headers)
    client.get(addresses(mail, "o")[0], headers=headers)

    assert answer.status_code == 302
    assert_only_flagged(touches=2)


def test_a_head_request_is_a_machine(client: Client, mail: EmailMessage) -> None:
    assert client.head(addresses(mail, "c")[0]).status_code == 302

    assert_only_flagged(touches=1)


def test_a_click_at_once_after_sending_is_a_machine(
    client: Client, mail: EmailMessage, noon: time_machine.Traveller
) -> None:
    noon.shift(timedelta(seconds=-59))

    client.get(addresses(mail, "c")[0])

    assert_only_flagged(touches=1)


def test_three_links_within_five_seconds_are_a_scanner(client: Client, mail: EmailMessage) -> None:
    for path in addresses(mail, "c"):
        client.get(path)

    flags = list(Touch.objects.order_by("id").values_list("is_bot", flat=True))
    assert flags == [False, False, True]


def test_an_opening_by_mail_privacy_protection_is_flagged(
    client: Client, mail: EmailMessage
) -> None:
    client.get(addresses(mail, "o")[0], headers={"user-agent": "Mozilla/5.0"})

    touch = Touch.objects.get()
    assert (touch.is_bot, touch.is_mpp) == (False, True)
    assert Message.objects.get().opened_at is None


def test_a_privacy_signal_stops_the_pixel_and_not_the_click(
    client: Client, mail: EmailMessage
) -> None:
    client.get(addresses(mail, "o")[0], headers={"sec-gpc": "1"})
    client.get(addresses(mail, "c")[0], headers={"sec-gpc": "1"})

    assert Touch.objects.get().kind == "clicked"


def test_a_database_that_fails_stops_neither_link_nor_pixel(
    client: Client, mail: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(token: LinkToken, hit: Hit) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(tracking, "record_click", fail)
    monkeypatch.setattr(tracking, "record_open", fail)

    assert client.get(addresses(mail, "c")[0]).status_code == 302
    assert client.get(addresses(mail, "o")[0]).status_code == 200


def test_links_of_a_purged_message_still_lead_to_their_target(
    client: Client, mail: EmailMessage
) -> None:
    Message.objects.all().delete()

    assert client.get(addresses(mail, "c")[0]).status_code == 302
    assert client.get(addresses(mail, "o")[0]).status_code == 200


def test_only_links_of_the_web_are_followed(client: Client, shop: Tenant) -> None:
    token = tokens.click_url(LinkToken(shop.pk, 1, "javascript:alert(1)")).rpartition("/")[2]

    assert client.get(f"/c/{token}").status_code == 404


def test_links_of_mails_that_were_sent_long_ago_are_followed(client: Client, shop: Tenant) -> None:
    signer = Signer(salt="messaging.link")
    shown = {"c": [shop.pk, 1, "https://soap.example/?a=ü"], "o": [shop.pk, 1, ""]}
    click, pixel = (signer.sign_object(shown[kind]) for kind in ("c", "o"))

    assert client.get(f"/c/{click}")["Location"] == "https://soap.example/?a=%C3%BC"
    assert client.get(f"/o/{pixel}.gif").status_code == 200


def test_the_parts_of_tracked_links_are_of_one_merchant(
    client: Client, shop: Tenant, other_tenant: Tenant
) -> None:
    url = "https://soap.example/?a=ü"
    start = tokens.begin_click_url(shop.pk, url)
    own, foreign = (tokens.seal_message(each.pk, 1) for each in (shop, other_tenant))
    link = (start + own).rpartition("/")[2]

    assert tokens.read_link_token(link) == LinkToken(shop.pk, 1, url)
    assert tokens.read_link_token(own) == LinkToken(shop.pk, 1)
    assert client.get(f"/c/{link}")["Location"] == "https://soap.example/?a=%C3%BC"
    for forged in (
        start + foreign,
        f"{start}{shop.pk}.2.{own[-22:]}",
        start.replace("/c/", "/c/A"),
    ):
        assert client.get("/c/" + forged.partition("/c/")[2]).status_code == 404
    assert client.get(f"/o/{own.replace('.1.', '.2.')}.gif").status_code == 404


def assert_only_flagged(*, touches: int) -> None:
    assert list(Touch.objects.values_list("is_bot", flat=True)) == [True] * touches
    message = Message.objects.get()
    assert (message.opened_at, message.clicked_at) == (None, None)
    assert not Event.objects.filter(name__in=["Message Opened", "Message Clicked"]).exists()
