"""The page of deliverability: figures with bands, what to do, records to copy, return paths."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction

from kernel.batches import Deadline
from messaging.domain.reputation import COMPLAINTS, ENOUGH, HARD, opens_too_low
from messaging.models import ChannelAccount, DeliveryDay, LinkDomain, SendingDomain
from messaging.queries.deliverability import find_figures
from messaging.queries.deliveries import today
from messaging.services.domains import check_due, set_return_path
from messaging.services.sending import send_due
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.samples import make_domain, make_link_domain
from tests.factories.tenants import sign_in
from tests.support.dns_server import NameServer
from tests.support.smtp import SmtpServer

ADA = "ada@example.com"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    server.start()
    monkeypatch.setattr(settings, "DNS_RESOLVERS", [server.address])
    monkeypatch.setattr(settings, "DNS_SECONDS", 1)
    yield server
    server.stop()


def make_day(days_ago: int, mailbox: str, account_id: int = 0, **counts: int) -> None:
    DeliveryDay.objects.create(
        day=today() - timedelta(days=days_ago),
        account_id=account_id,
        mailbox=mailbox,
        message_class="promotional",
        **counts,
    )


def test_a_rate_is_judged_once_there_are_enough_mails() -> None:
    assert HARD.judge(0.5, ENOUGH - 1) == ""
    assert [HARD.judge(rate, ENOUGH) for rate in (0.009, 0.01, 0.02)] == ["good", "warn", "bad"]
    tones = [COMPLAINTS.judge(rate, 10_000) for rate in (0.0009, 0.001, 0.003)]
    assert tones == ["good", "warn", "bad"]
    assert opens_too_low(0.1, ENOUGH, 0.3)
    assert not opens_too_low(0.1, ENOUGH - 1, 0.3)


@pytest.mark.covers("A2")
def test_figures_stand_by_account_and_provider_with_what_to_do(
    tenant: Tenant, account: ChannelAccount
) -> None:
    make_day(0, "gmail", account.pk, sent=1_000, delivered=990, complained=2, opened=400)
    make_day(29, "gmx", account.pk, sent=500, hard=30, opened=40)
    make_day(3, "other", 0, sent=10, blocked=1)
    make_day(30, "gmail", account.pk, sent=77)

    found = find_figures()

    assert (found.total.tally.sent, found.before.sent) == (1_510, 77)
    assert [(each.name, each.tells) for each in found.accounts] == [
        ("Postmark", True),
        ("Mail server of the installation", False),
    ]
    gmail, gmx = found.accounts[0].lines
    assert [cell.tone for cell in gmail.cells] == ["good", "good", "warn", "good"]
    assert (gmx.label, gmx.cells[0].tone, gmx.is_low) == ("GMX and WEB.DE", "bad", True)
    assert [cell.tone for cell in found.accounts[1].lines[0].cells] == [""] * 4
    assert [(advice.tone, advice.title) for advice in found.advice] == [
        ("bad", "Hard bounces at GMX and WEB.DE: 6.0% of mails"),
        ("warn", "Hard bounces: 2.0% of mails"),
        ("warn", "Marked as spam: 0.14% of mails"),
        ("warn", "Mail to GMX and WEB.DE may land in spam"),
    ]


def test_the_page_says_what_is_found_and_what_to_enter(
    tenant: Tenant, account: ChannelAccount
) -> None:
    make_day(0, "gmail", account.pk, sent=1_000, complained=4, opened=400)
    make_domain(findings={"dkim": {"state": "missing", "words": "There is no key at this name"}})
    make_link_domain()
    client = sign_in(tenant)

    page = client.get(f"/t/{tenant.slug}/settings/deliverability/").content.decode()

    assert "Marked as spam: 0.40% of mails" in page
    assert "There is no key at this name" in page
    assert "patron1._domainkey.soap.example" in page
    assert "CNAME record at click.soap.example" in page
    chart = client.get(f"/t/{tenant.slug}/settings/deliverability/chart.json?chart=complaints")
    data = chart.json()
    assert (len(data["x"]), data["series"][0]["values"][-1]) == (30, 0.004)
    assert data["series"][1]["role"] == "target"
    assert client.get(chart.request["PATH_INFO"] + "?chart=no").status_code == 404


def test_an_empty_tenant_is_told_where_to_begin(tenant: Tenant) -> None:
    page = sign_in(tenant).get(f"/t/{tenant.slug}/settings/deliverability/").content.decode()

    assert "No mail in the last 30 days" in page
    assert "No sending domain yet" in page


def test_who_only_looks_sees_figures_and_no_button(tenant: Tenant) -> None:
    make_domain()
    client = sign_in(tenant, Role.ANALYST)
    page = client.get(f"/t/{tenant.slug}/settings/deliverability/").content.decode()

    assert "soap.example" in page
    assert "Check again" not in page
    assert "Use this domain" not in page


def test_a_domain_for_links_is_set_and_removed_on_the_page(tenant: Tenant) -> None:
    make_domain()
    client = sign_in(tenant)
    path = f"/t/{tenant.slug}/settings/deliverability/links/"

    refused = client.post(path, {"domain": "click.other.example"})
    assert refused.status_code == 422
    assert "not below one of your sending domains" in refused.content.decode()
    assert client.post(path, {"domain": "click.soap.example"}).status_code == 302
    assert LinkDomain.objects.get().domain == "click.soap.example"
    assert client.post(f"{path}remove/").status_code == 302
    assert LinkDomain.objects.count() == 0
    assert client.post(f"{path}remove/").status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("tenant", "broker")
@pytest.mark.parametrize(
    ("address", "state", "words"),
    [
        ("bounces@mail.soap.example", "good", "Bounces go to mx.soap.example"),
        ("bounces@nomx.soap.example", "wrong", "takes no mail"),
        ("bounces@elsewhere.example", "wrong", "does not lie below soap.example"),
        ("bounces@nothing.example", "wrong", "There is no domain"),
        ("bounces@nospf.soap.example", "missing", "There is no SPF record"),
    ],
)
def test_a_return_path_is_checked_by_its_records(
    names: NameServer, address: str, state: str, words: str
) -> None:
    names.texts |= {"soap.example": [], "nomx.soap.example": ["v=spf1 -all"]}
    for host in ("mail.soap.example", "elsewhere.example", "nospf.soap.example"):
        names.others[host, "MX"] = ["20 far.example.", "10 mx.soap.example."]
        names.texts[host] = [] if "nospf" in host else ["v=spf1 ip4:192.0.2.7 -all"]
    with transaction.atomic():
        found = make_domain()
    set_return_path(found.pk, address, actor=ADA)

    check_due(Deadline(seconds=None))

    with transaction.atomic():
        said = SendingDomain.objects.get().findings["return_path"]
    assert (said["state"], said["known"]) == (state, state)
    assert words in said["words"]


@pytest.mark.parametrize(("known", "sender"), [("good", "b@m.ada-soap.example"), ("wrong", "")])
def test_bounces_go_to_a_return_path_that_holds_and_else_to_the_sender(
    shop: Tenant, smtp: SmtpServer, known: str, sender: str
) -> None:
    make_domain(
        domain="ada-soap.example",
        return_path="b@m.ada-soap.example",
        findings={"return_path": {"state": known, "known": known, "words": ""}},
    )
    queue_message(make_recipient(), make_template())
    send_due(Deadline(seconds=None))

    assert smtp.senders == [sender or "hello@ada-soap.example"]
    assert "hello@ada-soap.example" in str(smtp.mails[0]["From"])


def test_an_address_that_is_none_is_refused_as_a_return_path(tenant: Tenant) -> None:
    found = make_domain()
    client = sign_in(tenant)
    path = f"/t/{tenant.slug}/settings/domains/{found.pk}/return-path/"

    client.post(path, {"return_path": "no address"})
    assert SendingDomain.objects.get().return_path == ""
    client.post(path, {"return_path": " bounces@mail.soap.example "})
    assert SendingDomain.objects.get().return_path == "bounces@mail.soap.example"
