"""A domain of the merchant's own for links: proven, asked for, used, and nobody else's."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.test import Client
from structlog.testing import capture_logs

from crm.models import Profile
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid
from kernel.http import HttpUnavailable
from kernel.tenancy import tenant_scope
from messaging.models import LinkDomain, SendingDomain
from messaging.queries.link_domains import base_of, find_link_base
from messaging.services import link_domains, tokens
from messaging.services.dns_turns import check_due
from messaging.services.link_domains import prove, remove_link_domain, set_link_domain
from messaging.services.link_hosts import forget_hosts
from messaging.services.sending import send_due
from messaging.types import LinkToken, RecipientToken
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.samples import make_domain, make_order, make_store
from tests.messaging.conftest import NOON
from tests.support.dns_server import NameServer
from tests.support.smtp import SmtpServer
from tests.support.told import BROWSER

ADA = "ada@example.com"
CLICK = "click.soap.example"
HERE = "patron.example"


class Web:
    """What answers under the domain."""

    def __init__(self) -> None:
        self.answer = prove(CLICK)
        self.asked: list[str] = []
        self.findings: list[dict[str, Any]] = []

    def fetch(self, url: str) -> str:
        self.asked.append(url)
        with transaction.atomic():
            self.findings.append(LinkDomain.objects.get().findings)
        if not self.answer:
            raise HttpUnavailable("No connection.")
        return self.answer


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    server.start()
    monkeypatch.setattr(settings, "DNS_RESOLVERS", [server.address])
    monkeypatch.setattr(settings, "DNS_SECONDS", 1)
    monkeypatch.setattr(settings, "PUBLIC_URL", f"https://{HERE}")
    server.others = {(CLICK, "CNAME"): [f"{HERE}."], (HERE, "A"): ["192.0.2.7"]}
    yield server
    server.stop()


@pytest.fixture
def web(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    found = Web()
    monkeypatch.setattr(link_domains, "fetch", found.fetch)
    forget_hosts()
    yield found
    forget_hosts()


@pytest.fixture
def parent(tenant: Tenant) -> SendingDomain:
    """A sending domain whose DKIM record is in place; its own check is not due."""
    with transaction.atomic():
        return make_domain(is_signing=True, check_due_at=clock.now() + timedelta(days=900))


def check() -> dict[str, str]:
    check_due(Deadline(seconds=None))
    with transaction.atomic():
        return {name: said["state"] for name, said in LinkDomain.objects.get().findings.items()}


def make_live(domain: str = CLICK) -> LinkDomain:
    now = clock.now()
    later = now + timedelta(days=1)
    return LinkDomain.objects.create(
        domain=domain, is_live=True, was_live=True, check_due_at=later, created_at=now
    )


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("broker", "parent")
def test_a_domain_is_used_once_it_is_yours_leads_here_and_answers(web: Web) -> None:
    with time_machine.travel(NOON, tick=False):
        set_link_domain(f" {CLICK.upper()}. ", actor=ADA)
        with transaction.atomic():
            assert find_link_base() == f"https://{HERE}"

        assert check() == {"owner": "good", "alias": "good", "answer": "good"}

    with transaction.atomic():
        found = LinkDomain.objects.get()
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
        assert find_link_base() == f"https://{CLICK}"
    assert (found.is_live, found.was_live, found.checked_at) == (True, True, NOON)
    assert found.check_due_at == NOON + timedelta(days=1)
    assert actions == ["link_domain.added", "link_domain.verified"]
    assert web.asked == [f"https://{CLICK}/link-domains/proof"]
    assert web.findings[0]["alias"]["known"] == "good", "the proxy may get its certificate"


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("broker", "parent")
@pytest.mark.parametrize(
    ("alias", "answer", "signs", "states_and_words"),
    [
        (f"{HERE}.", "", True, ("good", "good", "wrong", "Nothing answers")),
        (f"{HERE}.", "x", True, ("good", "good", "wrong", "Another server")),
        ("else.example.", "x", True, ("good", "wrong", "unknown", "else.example instead")),
        (f"{HERE}.", "x", False, ("wrong", "unknown", "unknown", "DKIM record of soap.example")),
    ],
)
def test_what_is_missing_is_said_and_links_stay_as_they_were(
    web: Web,
    names: NameServer,
    alias: str,
    answer: str,
    signs: bool,
    states_and_words: tuple[str, ...],
) -> None:
    *states, words = states_and_words
    names.others[CLICK, "CNAME"] = [alias]
    names.others["else.example", "A"] = ["192.0.2.99"]
    web.answer = answer
    with transaction.atomic():
        SendingDomain.objects.update(is_signing=signs)
    set_link_domain(CLICK, actor=ADA)

    found = check()

    assert [found[name] for name in ("owner", "alias", "answer")] == states
    with transaction.atomic():
        said = LinkDomain.objects.get().findings.values()
        assert any(words in each["words"] for each in said)
        assert find_link_base() == f"https://{HERE}"


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("broker", "parent")
def test_a_name_server_that_keeps_silent_changes_nothing(names: NameServer, web: Web) -> None:
    set_link_domain(CLICK, actor=ADA)
    check()
    names.silent = {CLICK, HERE}
    link_domains.request_check()

    assert check()["alias"] == "unknown"

    with transaction.atomic():
        assert find_link_base() == f"https://{CLICK}"
    names.silent, names.others[CLICK, "CNAME"] = set(), ["else.example."]
    link_domains.request_check()
    assert check()["alias"] == "wrong"
    with transaction.atomic():
        assert find_link_base() == f"https://{HERE}"
        assert LinkDomain.objects.get().was_live, "links that are out go on leading here"


def test_only_a_name_below_a_sending_domain_is_taken(parent: SendingDomain) -> None:
    for name in ("click.other.example", "soap.example", "notsoap.example", "no domain"):
        with pytest.raises(Invalid):
            set_link_domain(name, actor=ADA)
    assert LinkDomain.objects.count() == 0

    set_link_domain(CLICK, actor=ADA)
    with pytest.raises(Conflict):
        set_link_domain("go.soap.example", actor=ADA)

    assert remove_link_domain(actor=ADA) == CLICK
    assert LinkDomain.objects.count() == 0


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("broker", "web")
def test_another_shop_cannot_take_a_domain_that_is_in_use(
    parent: SendingDomain, other_tenant: Tenant
) -> None:
    with transaction.atomic():
        make_live()
    with tenant_scope(other_tenant.pk):
        with transaction.atomic():
            make_domain(is_signing=True, check_due_at=clock.now() + timedelta(days=900))
        set_link_domain(CLICK, actor=ADA)
        assert check()["owner"] == "wrong"
        with transaction.atomic():
            assert not LinkDomain.objects.get().is_live


def test_links_pixel_header_and_pages_of_a_mail_lead_through_it(
    shop: Tenant, smtp: SmtpServer
) -> None:
    make_live()
    body = (
        "<a href='https://shop.example/a'>A</a> <a href='{{ unsubscribe_url }}'>Stop</a> "
        "<a href='{{ preferences_url }}'>Settings</a>"
    )
    queue_message(make_recipient(), make_template(body=body))
    send_due(Deadline(seconds=None))

    mail = smtp.mails[0]
    part = mail.get_body(("html",))
    assert part is not None
    html = str(part.get_content())
    assert all(f"{base_of(CLICK)}/{kind}/" in html for kind in "coup")
    assert str(mail["List-Unsubscribe"]).startswith(f"<{base_of(CLICK)}/u/")
    assert settings.PUBLIC_URL not in html


def tell_of_orders(person: Profile) -> list[int]:
    """Queue a message of an order of somebody, and some of what is none of theirs; return ids."""
    order, template = make_order(make_store(), person), make_template()
    named: list[Any] = [order.pk, "A-1001", [], order.pk + 1]  # a site names orders as it likes
    return [queue_message(person, template, context={"order_id": said}).pk for said in named]


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("web")
def test_the_domain_answers_its_own_recipients_and_nothing_else(
    tenant: Tenant, other_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", [HERE])
    with transaction.atomic():
        make_live()
        person = make_recipient()
        about = tell_of_orders(person)
    own, ordered, *others = (RecipientToken(tenant.pk, person.pk, pk) for pk in (1, *about))
    foreign = RecipientToken(other_tenant.pk, 1, 1)
    client = Client(headers={"user-agent": BROWSER, "host": CLICK})

    def ask(address: str) -> int:
        return client.get(address.removeprefix(f"https://{HERE}")).status_code

    assert ask(tokens.preferences_url(own)) == 200
    assert ask(tokens.unsubscribe_url(own)) == 200
    assert (ask(tokens.return_url(ordered)), ask(tokens.rate_url(ordered))) == (200, 200)
    for other in others:
        assert (ask(tokens.return_url(other)), ask(tokens.rate_url(other))) == (404, 404)
    assert ask(tokens.open_url(LinkToken(tenant.pk, 1))) == 200
    assert ask(tokens.click_url(LinkToken(tenant.pk, 1, "https://soap.example/"))) == 302
    assert ask(tokens.preferences_url(foreign)) == 404
    assert ask(tokens.click_url(LinkToken(other_tenant.pk, 1, "https://soap.example/"))) == 404
    for path in ("/", "/accounts/login/", f"/t/{tenant.slug}/", "/api/v1/profiles/", "/healthz"):
        assert ask(path) == 404
    assert ask("/v/anything") == 404
    with capture_logs() as lines:
        ask(tokens.preferences_url(foreign))
        ask("/v/anything")
    logged = [line["path"] for line in lines if line["event"] == "request"]
    assert logged == ["/p/…", "/v/…"]

    assert Client(headers={"host": "evil.example"}).get("/accounts/login/").status_code == 400
    assert Client(headers={"host": HERE}).get("/accounts/login/").status_code == 200
    page = client.get(tokens.preferences_url(own).removeprefix(f"https://{HERE}"))
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("web", "parent", "broker")
def test_links_that_are_out_outlive_the_removal_of_their_domain(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", [HERE])
    monkeypatch.setattr("messaging.views.link_domain_edges.close_old_connections", lambda: None)
    good = {"state": "good", "known": "good", "words": ""}
    with transaction.atomic():
        LinkDomain.objects.filter(pk=make_live().pk).update(findings={"owner": good, "alias": good})
        person = make_recipient()
    own = RecipientToken(tenant.pk, person.pk, 1)
    page = tokens.preferences_url(own).removeprefix(f"https://{HERE}")
    client = Client(headers={"user-agent": BROWSER, "host": CLICK})

    with time_machine.travel(NOON, tick=False):
        assert remove_link_domain(actor=ADA) == CLICK

        with transaction.atomic():
            assert find_link_base() == f"https://{HERE}", "new links lead elsewhere"
        assert client.get(page).status_code == 200
        asked = Client(headers={"host": HERE}).get("/link-domains/ask", {"domain": CLICK})
        assert asked.status_code == 200, "its certificate may be renewed"
        assert link_domains.check_due(Deadline(seconds=None)) == 0

    with time_machine.travel(NOON + timedelta(days=731), tick=False):
        assert link_domains.check_due(Deadline(seconds=None)) == 1
    forget_hosts()
    assert client.get(page).status_code == 400
    with transaction.atomic():
        assert LinkDomain.objects.count() == 0


def test_a_domain_that_was_removed_can_come_back(parent: SendingDomain) -> None:
    make_live()
    remove_link_domain(actor=ADA)
    assert LinkDomain.objects.get().retired_at is not None

    set_link_domain("go.soap.example", actor=ADA)
    assert remove_link_domain(actor=ADA) == "go.soap.example"
    set_link_domain(CLICK, actor=ADA)

    found = LinkDomain.objects.get()
    assert (found.domain, found.retired_at, found.is_live) == (CLICK, None, False)


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("tenant", "web")
def test_a_certificate_is_got_for_domains_that_lead_here_alone(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.views.link_domain_edges.close_old_connections", lambda: None)
    good = {"state": "good", "known": "good", "words": ""}
    with transaction.atomic():
        found = make_live()

    def ask(domain: str) -> int:
        return client.get("/link-domains/ask", {"domain": domain}).status_code

    assert ask(CLICK) == 404
    with transaction.atomic():
        LinkDomain.objects.filter(pk=found.pk).update(findings={"owner": good, "alias": good})
    assert (ask(CLICK.upper()), ask("other.example"), ask("")) == (200, 404, 404)
    assert client.post("/link-domains/ask").status_code == 405
    answer = client.get("/link-domains/proof", headers={"host": f"{CLICK}:443"})
    assert answer.content.decode() == prove(CLICK)
    assert answer.content.decode() != prove("other.example")
