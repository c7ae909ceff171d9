"""Accounts at providers: connected, checked, chosen, paused and removed."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client

from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid
from messaging.channels import registry
from messaging.channels.base import Account, ChannelUnavailable, CredentialField, Handed, Provider
from messaging.models import ChannelAccount
from messaging.queries.accounts import list_paused_channels
from messaging.services import accounts
from messaging.services.senders import ensure_default_sender
from messaging.services.sending import send_due
from messaging.types import AccountData, OutgoingEmail
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_account, make_recipient, make_template, queue_message
from tests.factories.tenants import sign_in
from tests.support.smtp import SmtpServer

ACTOR = "ada@example.com"


def data(**fields: object) -> AccountData:
    values = {
        "channel": "email",
        "provider": "smtp",
        "name": "Ours",
        "credentials": {"url": "smtp://a"},
    }
    return AccountData(**{**values, **fields})  # type: ignore[arg-type]


def test_the_first_account_of_a_channel_is_the_default_one(tenant: Tenant) -> None:
    first = accounts.connect_account(data(), actor=ACTOR)
    second = accounts.connect_account(data(name="Another"), actor=ACTOR)

    assert (first.is_default, second.is_default) == (True, False)
    accounts.make_default(second.pk, actor=ACTOR)

    found = ChannelAccount.objects.order_by("pk").values_list("name", "is_default")
    assert list(found) == [("Ours", False), ("Another", True)]
    with pytest.raises(Conflict, match="Make another account the default first"):
        accounts.remove_account(second.pk, actor=ACTOR)


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"name": " "}, {"name"}),
        ({"credentials": {}}, {"url"}),
        ({"provider": "pigeon"}, {"provider"}),
        ({"credentials": {"url": "mail.example.com"}}, {"url"}),
        ({"credentials": {"url": "smtps://u:pa/ss@mail.example.com"}}, {"url"}),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(
    tenant: Tenant, fields: dict[str, object], faults: set[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.connect_account(data(**fields), actor=ACTOR)

    assert set(caught.value.fields or {}) == faults
    assert not ChannelAccount.objects.exists()


def test_a_secret_left_empty_stays_and_none_is_in_the_trail(tenant: Tenant) -> None:
    row = accounts.connect_account(data(credentials={"url": "smtp://u:hush@a"}), actor=ACTOR)

    accounts.update_account(row.pk, data(name="Renamed", credentials={}), actor=ACTOR)

    row.refresh_from_db()
    assert row.name == "Renamed"
    assert accounts.as_account(row).credentials == {"url": "smtp://u:hush@a"}
    trail = str(list(AuditEntry.objects.values("before", "after")))
    assert "Renamed" in trail
    assert "hush" not in trail
    assert "hush" not in row.credentials_encrypted


def test_a_removed_account_keeps_its_row_and_no_credentials(tenant: Tenant) -> None:
    row = accounts.connect_account(data(), actor=ACTOR)

    accounts.remove_account(row.pk, actor=ACTOR)

    row.refresh_from_db()
    assert (row.credentials_encrypted, row.is_default) == ("", False)
    assert row.removed_at is not None


def test_a_check_says_whether_the_server_answers(tenant: Tenant, smtp: SmtpServer) -> None:
    good = make_account(credentials={"url": smtp.url})
    bad = make_account(is_default=False, credentials={"url": "smtp://127.0.0.1:9"})
    page = sign_in(tenant)

    answers = [
        page.post(f"/t/{tenant.slug}/settings/channels/{row.pk}/check/", follow=True).content
        for row in (good, bad)
    ]

    assert b"answers, and takes these credentials" in answers[0]
    assert b"The mail server does not answer" in answers[1]


def test_a_paused_account_waits_until_it_is_resumed(shop: Tenant, smtp: SmtpServer) -> None:
    row = ChannelAccount.objects.get()
    message = queue_message(make_recipient(), make_template())
    accounts.pause_account(row.pk, "Too many complaints", actor=ACTOR)

    assert send_due(Deadline(seconds=None)) == 0
    assert [found.paused_reason for found in list_paused_channels(clock.now())] == [
        "Too many complaints"
    ]

    accounts.resume_account(row.pk, actor=ACTOR)
    send_due(Deadline(seconds=None))

    message.refresh_from_db()
    assert (message.status, message.account_id) == ("sent", row.pk)
    assert list_paused_channels(clock.now()) == []


def test_an_account_that_cannot_be_opened_loses_no_message(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(account: Account) -> None:
        raise ChannelUnavailable("the key was taken back", is_account_fault=True)

    use(monkeypatch, broken)
    make_account(provider="own")
    message = queue_message(make_recipient(), make_template())

    send_due(Deadline(seconds=None))

    message.refresh_from_db()
    assert (message.status, message.attempts) == ("pending", 0)
    assert message.detail == "the key was taken back"


def test_an_account_that_breaks_while_it_is_opened_leaves_nothing_in_doubt(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(account: Account) -> None:
        raise ValueError("no such address")

    use(monkeypatch, broken)
    make_account(provider="own")
    message = queue_message(make_recipient(), make_template())

    send_due(Deadline(seconds=None))

    message.refresh_from_db()
    assert (message.status, message.attempts) == ("pending", 0)
    assert ChannelAccount.objects.get().is_paused


def test_a_password_that_cannot_be_written_leaves_nothing_in_doubt(
    tenant: Tenant, smtp: SmtpServer
) -> None:
    ensure_default_sender()
    make_account(credentials={"url": smtp.url.replace("smtp://", "smtp://ada:%C3%BC@")})
    message = queue_message(make_recipient(), make_template())

    send_due(Deadline(seconds=None))

    message.refresh_from_db()
    assert (message.status, smtp.raw) == ("pending", [])


def test_new_credentials_let_an_account_go_on(tenant: Tenant, smtp: SmtpServer) -> None:
    ensure_default_sender()
    row = make_account(credentials={"url": "smtp://127.0.0.1:9"})
    accounts.pause_account(
        row.pk, "left alone", actor=ACTOR, until=clock.now() + timedelta(hours=1)
    )
    message = queue_message(make_recipient(), make_template())

    accounts.update_account(row.pk, data(credentials={"url": smtp.url}), actor=ACTOR)
    send_due(Deadline(seconds=None))

    message.refresh_from_db()
    assert message.status == "sent"


def test_what_the_provider_calls_a_message_is_kept(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Taking:
        def send(self, message: OutgoingEmail) -> Handed:
            return Handed(provider_id=f"p-{message.reference}")

    use(monkeypatch, lambda account: Taking())
    row = make_account(provider="own")
    message = queue_message(make_recipient(), make_template())

    send_due(Deadline(seconds=None))

    message.refresh_from_db()
    assert message.provider_id == f"p-{tenant.pk}-{message.pk}"
    assert message.account_id == row.pk


def test_an_account_is_connected_and_changed_on_its_pages(tenant: Tenant) -> None:
    page = sign_in(tenant)
    new = f"/t/{tenant.slug}/settings/channels/new/?channel=email&provider=smtp"

    refused = page.post(new, {"name": "Ours"})
    made = page.post(new, {"name": "Ours", "url": "smtp://a"})

    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    row = ChannelAccount.objects.get()
    assert made.headers["Location"] == f"/t/{tenant.slug}/settings/channels/{row.pk}/"
    shown = read(page, made.headers["Location"])
    assert "Leave it empty to keep what is stored" in shown
    assert "smtp://a" not in shown


def read(page: Client, address: str) -> str:
    return page.get(address).content.decode()


def use(monkeypatch: pytest.MonkeyPatch, opened: object) -> None:
    """Let the registry know a provider that opens what a test says, and somebody who writes."""
    ensure_default_sender()
    own = Provider(
        channel="email",
        name="own",
        label="Own",
        credentials=(CredentialField("url", "Address"),),
        open=opened,  # type: ignore[arg-type]
        check=lambda account: "",
    )
    monkeypatch.setitem(registry.PROVIDERS, ("email", "own"), own)
