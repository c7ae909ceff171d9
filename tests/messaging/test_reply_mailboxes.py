"""Replies by mail that are read from a mailbox: new ones alone, once, whatever the server does."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.choices import IdentityKind
from crm.models import ConversationMessage, Identity, Profile
from kernel.batches import Deadline
from kernel.errors import Invalid
from messaging.channels import imap_mailbox
from messaging.models import ChannelAccount, ProviderCallback, ReplyMailbox
from messaging.services.accounts import connect_account, remove_account, update_account
from messaging.services.reply_mailboxes import read_due
from messaging.types import AccountData
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.messaging import make_recipient
from tests.factories.tenants import sign_in
from tests.support.imap_server import ImapServer, imap_server
from tests.support.mails import letter
from tests.support.smtp import SmtpServer
from tests.support.told import NOON, apply

pytestmark = pytest.mark.covers("M5")
ACTOR = "support@ada-soap.example"
QUOTED = "Is it vegan?\n\nOn Mon, 1 Jun 2026 at 12:00, Ada Soap wrote:\n> Hello Ada\n"


@pytest.fixture
def zoe(shop: Tenant) -> Profile:
    found = make_recipient(email="zoe@example.com", first_name="Zoe", last_name="Lee")
    Identity.objects.create(kind=IdentityKind.EMAIL, value_norm=found.email, profile=found)
    return found


@pytest.fixture
def box() -> Iterator[ImapServer]:
    with imap_server() as found:
        yield found


@pytest.fixture
def mailbox(shop: Tenant, smtp: SmtpServer, box: ImapServer) -> ReplyMailbox:
    """The account with a mailbox, in which something old lies."""
    box.deliver(letter("Old", heads={"Message-ID": "<old@x>"}))
    data = AccountData(
        "email",
        "smtp",
        "Server",
        {"url": smtp.url, "imap_url": box.url},
        {"reply_address": "replies@shop.example"},
    )
    with transaction.atomic():
        update_account(ChannelAccount.objects.get().pk, data, actor=ACTOR)
    return ReplyMailbox.objects.get()


def visit(mailbox: ReplyMailbox) -> None:
    """Read the mailbox as a worker does, and take what came in."""
    ReplyMailbox.objects.update(due_at=NOON)
    assert read_due(Deadline(seconds=None)) >= 1
    apply()
    mailbox.refresh_from_db()


def texts() -> list[str]:
    return list(ConversationMessage.objects.order_by("pk").values_list("text", flat=True))


def test_a_mailbox_is_read_from_the_moment_it_is_connected(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile
) -> None:
    visit(mailbox)
    assert (texts(), mailbox.last_uid, mailbox.fault) == ([], 1, "")
    box.deliver(letter(QUOTED))
    box.deliver(letter("Away", heads={"Message-ID": "<a@x>", "Auto-Submitted": "auto-replied"}))
    visit(mailbox)
    assert (texts(), mailbox.last_uid) == (["Is it vegan?"], 3)
    visit(mailbox)
    assert texts() == ["Is it vegan?"]
    assert mailbox.due_at == NOON + timedelta(minutes=1)
    assert not any(each.upper().startswith(("UID STORE", "SELECT")) for each in box.commands)


def test_a_worker_that_dies_before_it_records_reads_again_and_files_once(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(mailbox)
    box.deliver(letter("Hello"))
    visit(mailbox)
    ReplyMailbox.objects.update(last_uid=1)  # as if the mark had not been moved
    visit(mailbox)
    assert texts() == ["Hello"]
    assert ProviderCallback.objects.count() == 1


def test_a_server_that_numbers_anew_brings_nothing_twice(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile
) -> None:
    visit(mailbox)
    box.deliver(letter("Hello"))
    visit(mailbox)
    box.validity, box.mails, box.next_uid = 8, {}, 1
    box.deliver(letter("Hello"))
    box.deliver(letter("New", heads={"Message-ID": "<n@x>"}))
    visit(mailbox)
    assert texts() == ["Hello", "New"]
    assert (mailbox.uid_validity, mailbox.last_uid) == (8, 2)


def test_more_than_one_visit_takes_is_fetched_in_the_next(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_mailbox, "BATCH", 2)
    visit(mailbox)
    for number in range(5):
        box.deliver(letter(f"No {number}", heads={"Message-ID": f"<{number}@x>"}))
    visit(mailbox)
    assert len(texts()) == 5
    assert mailbox.last_uid == 6


def test_of_a_mail_of_25_megabytes_the_words_are_fetched_and_no_more(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile
) -> None:
    visit(mailbox)
    box.deliver(letter("Look at this", files=[("film.mov", b"x" * 25_000_000)]))
    visit(mailbox)
    said = ConversationMessage.objects.get()
    assert said.text == "Look at this"
    assert said.mail is not None
    assert said.mail["is_cut"] is True
    assert [(each["name"], each["size"]) for each in said.mail["attachments"]] == [("film.mov", 0)]
    assert any("<0.1000000>" in each for each in box.commands)


def test_a_mail_that_the_library_cannot_parse_holds_up_none_behind_it(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile
) -> None:
    visit(mailbox)
    box.deliver(b"Subject: Deep\n" + b"Content-Type: message/rfc822\n\n" * 3_000)
    box.deliver(letter("Hello", heads={"Message-ID": "<h@x>"}))
    visit(mailbox)
    assert (texts()[-1], mailbox.fault, mailbox.last_uid) == ("Hello", "", 3)


@pytest.mark.parametrize("at", ["LOGIN", "EXAMINE", "SEARCH", "FETCH"])
def test_a_mailbox_that_hangs_up_is_left_alone_for_longer_each_time(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile, at: str
) -> None:
    visit(mailbox)
    box.deliver(letter("Hello"))
    box.hang_up_at = at
    visit(mailbox)
    assert mailbox.fault
    assert (mailbox.faults, mailbox.due_at) == (1, NOON + timedelta(minutes=2))
    visit(mailbox)
    assert (mailbox.faults, mailbox.due_at) == (2, NOON + timedelta(minutes=5))
    box.hang_up_at = ""
    visit(mailbox)
    assert (texts(), mailbox.fault, mailbox.faults) == (["Hello"], "", 0)


def test_a_wrong_password_is_said_on_the_page_of_the_account(
    mailbox: ReplyMailbox, box: ImapServer, shop: Tenant, smtp: SmtpServer
) -> None:
    data = AccountData(
        "email",
        "smtp",
        "Server",
        {"imap_url": box.url.replace("secret", "wrong")},
        {"reply_address": "replies@shop.example"},
    )
    with transaction.atomic():
        update_account(mailbox.account_id, data, actor=ACTOR)
    visit(mailbox)
    assert "it refuses user and password" in mailbox.fault
    client = sign_in(shop, Role.OWNER)
    base = f"/t/{shop.slug}/settings/channels/{mailbox.account_id}/"
    assert "The mailbox cannot be read" in client.get(base).text
    checked = client.post(f"{base}check/", follow=True).text
    assert "The mailbox for replies cannot be read: it refuses user and password" in checked


@pytest.mark.parametrize("at", ["GREETING", "LOGIN", "FETCH"])
def test_a_server_that_drips_is_left_when_the_time_of_a_visit_is_over(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(mailbox)
    box.deliver(letter("Hello"))
    box.drip_at = at
    with monkeypatch.context() as patch:
        patch.setattr(imap_mailbox, "VISIT_SECONDS", 0.3)
        visit(mailbox)
    assert mailbox.fault == "it takes more than 0 seconds"
    assert (texts(), mailbox.faults, mailbox.last_uid) == ([], 1, 1)
    box.drip_at = ""
    visit(mailbox)
    assert (texts(), mailbox.fault) == (["Hello"], "")


def test_the_page_waits_no_longer_for_a_server_that_drips(
    box: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_mailbox, "CHECK_SECONDS", 0.3)
    box.drip_at = "EXAMINE"
    expected = "The mailbox for replies cannot be read: it takes more than 0 seconds"
    assert imap_mailbox.check_mailbox(box.url) == expected


def test_a_server_that_names_a_huge_size_is_not_read(
    mailbox: ReplyMailbox, box: ImapServer, zoe: Profile
) -> None:
    visit(mailbox)
    box.deliver(letter("Hello"))
    box.flood_at = "FETCH"
    visit(mailbox)
    assert mailbox.fault.endswith("it sends more than it was asked for")
    assert (texts(), mailbox.last_uid) == ([], 1)


@pytest.mark.parametrize("scheme", ["imap", "imap+tls", "imaps"])
def test_a_mailbox_in_a_private_network_is_not_even_connected_to(
    settings: Any, scheme: str
) -> None:
    settings.OUTGOING_PRIVATE = False
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        place = f"localhost:{listening.getsockname()[1]}"
        found = imap_mailbox.check_mailbox(f"{scheme}://u:p@{place}")
        assert "private network" in found
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize("host", ["imap..example", f"{'a' * 64}.example"])
def test_a_host_that_cannot_be_written_is_a_fault_that_is_told(
    mailbox: ReplyMailbox, smtp: SmtpServer, host: str
) -> None:
    data = AccountData(
        "email",
        "smtp",
        "Server",
        {"imap_url": f"imaps://u:p@{host}"},
        {"reply_address": "replies@shop.example"},
    )
    with transaction.atomic():
        update_account(mailbox.account_id, data, actor=ACTOR)
    visit(mailbox)
    assert mailbox.fault.startswith("it does not answer: ")
    assert (mailbox.faults, mailbox.due_at) == (1, NOON + timedelta(minutes=2))


def test_a_mailbox_in_a_private_network_is_not_read(mailbox: ReplyMailbox, settings: Any) -> None:
    settings.OUTGOING_PRIVATE = False
    visit(mailbox)
    assert "private network" in mailbox.fault


def test_an_account_that_is_removed_is_not_read_any_more(mailbox: ReplyMailbox) -> None:
    with transaction.atomic():
        remove_account(mailbox.account_id, actor=ACTOR)
    assert not ReplyMailbox.objects.exists()


@pytest.mark.parametrize(
    ("credentials", "options", "field"),
    [
        ({"imap_url": "https://x"}, {}, "imap_url"),
        ({"imap_url": "imaps://host/INBOX"}, {}, "imap_url"),
        ({"imap_url": "imaps://u%0d%0aa%20LOGOUT:p@host"}, {}, "imap_url"),
        ({"imap_url": "imaps://u:p%00@host"}, {}, "imap_url"),
        ({}, {"reply_address": "nonsense"}, "reply_address"),
    ],
)
def test_what_cannot_be_a_mailbox_or_an_address_is_refused(
    tenant: Tenant, credentials: dict[str, str], options: dict[str, str], field: str
) -> None:
    said = {"url": "smtp://127.0.0.1:9", **credentials}
    with transaction.atomic(), pytest.raises(Invalid) as caught:
        connect_account(AccountData("email", "smtp", "Mail", said, options), actor=ACTOR)
    assert list(caught.value.fields) == [field]
    assert not ChannelAccount.objects.exists()
