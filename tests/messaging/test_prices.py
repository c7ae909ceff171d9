"""What SMS and WhatsApp cost: prices as they are typed, an estimate, and sums by day."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from kernel.batches import Deadline
from kernel.errors import Invalid, NotFound
from messaging.channels import twilio
from messaging.domain.prices import parse_prices, price_of, spell_prices
from messaging.models import ChannelAccount, Message, SpendDay
from messaging.queries.spending import list_spend, spell
from messaging.services.authoring import Draft, create_template
from messaging.services.sending import send_due
from messaging.services.sizing import describe_text
from messaging.services.spending import set_prices
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, queue_message
from tests.factories.phones import make_phone_account
from tests.factories.tenants import sign_in
from tests.support import twilio_api
from tests.support.phone_api import serving
from tests.support.twilio_api import TwilioApi

pytestmark = pytest.mark.covers("M1")

ADA = "ada@example.com"


@pytest.fixture
def sms(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioApi]:
    make_phone_account("sms", "twilio", twilio_api.CREDENTIALS)
    with serving(TwilioApi()) as api:
        monkeypatch.setattr(twilio, "API", api.url)
        yield api


@pytest.mark.parametrize(
    ("text", "prices"),
    [
        ("0.075", {"": "0.075"}),
        ("gb = 0.04, DE=0.1\n0.075", {"GB": "0.04", "DE": "0.1", "": "0.075"}),
        ("", {}),
        ("0", {"": "0"}),
    ],
)
def test_prices_are_read_as_they_are_typed(text: str, prices: dict[str, str]) -> None:
    assert parse_prices(text) == prices
    assert parse_prices(spell_prices(prices)) == prices


@pytest.mark.parametrize(
    "text", ["GBR=0.04", "GB=x", "0.1, 0.2", "GB=1, gb=2", "-1", "1001", "NaN", "0.0000001", "=1x"]
)
def test_what_is_no_price_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.{10,}\.$"):
        parse_prices(text)


def test_a_country_has_its_own_price_or_that_of_all_others() -> None:
    prices = {"GB": "0.04", "": "0.075"}

    assert price_of(prices, "gb") == Decimal("0.04")
    assert price_of(prices, "DE") == Decimal("0.075")
    assert price_of({"GB": "0.04"}, "DE") is None


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.0075", "EUR 0.0075"),
        ("0.15", "EUR 0.15"),
        ("1234.5678", "EUR 1,234.57"),
        ("0", "EUR 0.00"),
    ],
)
def test_small_amounts_keep_their_places(amount: str, words: str) -> None:
    assert spell(Decimal(amount), "EUR") == words


def send(number: str, text: str) -> None:
    draft = Draft("Text", "sms", "service", text=text)
    person = make_recipient(phone=number, sms_consent="subscribed")
    queue_message(person, create_template(draft), channel="sms")
    send_due(Deadline(seconds=None))


@pytest.mark.usefixtures("sms")
def test_what_left_is_added_up_by_day_account_and_currency(
    shop: Tenant, noon: time_machine.Traveller
) -> None:
    account = ChannelAccount.objects.get(channel="sms")
    set_prices(account.pk, "eur", "GB=0.04", actor=ADA)
    send("+447911123451", "Hello")
    send("+447911123452", "x" * 200)
    send("+436641234567", "Hello")
    set_prices(account.pk, "eur", "GB=0.06", actor=ADA)
    noon.shift(24 * 3600)
    send("+447911123453", "Hello")

    days, sums = list_spend()

    assert [(row.messages, row.parts, row.amounts, row.has_gaps) for row in days] == [
        (1, 1, ["EUR 0.06"], False),
        (3, 4, ["EUR 0.12"], True),
    ]
    assert [(row.account, row.messages, row.amounts) for row in sums] == [
        (account.name, 4, ["EUR 0.18"])
    ]


@pytest.mark.usefixtures("sms")
def test_the_page_of_a_message_tells_what_it_cost(shop: Tenant) -> None:
    account = ChannelAccount.objects.get(channel="sms")
    send("+447911123451", "x" * 200)
    [message] = Message.objects.all()
    page = f"/t/{shop.slug}/messages/{message.pk}/"
    client = sign_in(shop)

    assert "the prices of today" not in client.get(page).content.decode()
    set_prices(account.pk, "eur", "GB=0.04", actor=ADA)
    shown = " ".join(client.get(page).content.decode().split())
    assert "EUR 0.08" in shown
    assert "2 parts, by the prices of today" in shown


def test_what_the_provider_refuses_costs_nothing(shop: Tenant, sms: TwilioApi) -> None:
    account = ChannelAccount.objects.get(channel="sms")
    set_prices(account.pk, "EUR", "0.04", actor=ADA)
    sms.fails = [(400, {}, {"code": 21211, "message": "Invalid 'To' number", "status": 400})]

    send("+447911123451", "Hello")

    assert SpendDay.objects.count() == 0


@pytest.mark.usefixtures("sms")
def test_an_editor_tells_what_one_costs(shop: Tenant) -> None:
    assert describe_text("sms", "Hello", {}).cost is None
    set_prices(ChannelAccount.objects.get(channel="sms").pk, "EUR", "0.04", actor=ADA)

    shown = describe_text("sms", "x" * 200, {}).cost

    assert shown is not None
    assert (shown.amount, shown.country) == ("EUR 0.08", "United Kingdom")


@pytest.mark.usefixtures("sms")
def test_prices_are_entered_on_the_page_of_an_account(shop: Tenant) -> None:
    client: Client = sign_in(shop)
    account = ChannelAccount.objects.get(channel="sms")
    mail = ChannelAccount.objects.get(channel="email")
    path = f"/t/{shop.slug}/settings/channels/{account.pk}/"

    refused = client.post(f"{path}prices/", {"price-currency": "money", "price-prices": "0.04"})
    assert refused.status_code == 422
    refused = client.post(f"{path}prices/", {"price-currency": "", "price-prices": "0.04"})
    assert "Write a currency with three letters" in refused.content.decode()
    data = {"price-currency": "EUR", "price-prices": "0.04"}
    assert client.post(f"{path}prices/", data).status_code == 302
    assert 'value="EUR"' in client.get(path).content.decode()
    other = f"/t/{shop.slug}/settings/channels/{mail.pk}/"
    assert "What messages cost" not in client.get(other).content.decode()
    client.post(f"{other}prices/", data)
    mail.refresh_from_db()
    assert mail.prices == {}

    entry = AuditEntry.objects.get(action="channel.priced")
    assert entry.after == {"currency": "EUR", "prices": {"": "0.04"}}
    assert (
        "Nothing was sent by SMS" in client.get(f"/t/{shop.slug}/settings/rates/").content.decode()
    )


def test_only_an_account_that_is_paid_by_the_message_has_prices(shop: Tenant) -> None:
    with pytest.raises(NotFound):
        set_prices(ChannelAccount.objects.get(channel="email").pk, "EUR", "0.04", actor=ADA)


@pytest.mark.usefixtures("sms")
def test_a_price_without_a_currency_is_refused(shop: Tenant) -> None:
    account = ChannelAccount.objects.get(channel="sms")
    with pytest.raises(Invalid):
        set_prices(account.pk, "XXXX", "0.04", actor=ADA)
    account.refresh_from_db()
    assert (account.prices, account.price_currency) == ({}, "")
