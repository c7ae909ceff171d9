"""Marketing waits while the domain of its sender fails DKIM or DMARC; the rest goes on."""

from datetime import timedelta

import pytest
import time_machine

from kernel.batches import Deadline
from kernel.secrets import encrypt
from messaging.domain.dkim import make_keys
from messaging.domain.dns_records import Finding
from messaging.models import Message, SendingDomain
from messaging.queries.senders import dns_failure, list_failing_domains
from messaging.services.domains import RECHECK_FAILING, _record
from messaging.services.gating import DNS_PAUSE
from messaging.services.sending import send_due
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.messaging.conftest import NOON
from tests.support.smtp import SmtpServer

GOOD, MISSING, UNKNOWN = "good", "missing", "unknown"


def make_domain(name: str = "ada-soap.example") -> SendingDomain:
    """Add the domain of the default sender; nothing is known of its records yet."""
    private, public = make_keys()
    return SendingDomain.objects.create(
        domain=name,
        selector="patron1",
        dkim_key_encrypted=encrypt(private),
        dkim_public=public,
        check_due_at=NOON,
        created_at=NOON,
    )


def find(domain: SendingDomain, *, dkim: str = GOOD, dmarc: str = GOOD, spf: str = GOOD) -> None:
    """Let a check end with states."""
    domain.refresh_from_db()
    states = {"dkim": dkim, "dmarc": dmarc, "spf": spf}
    _record(domain, {name: Finding(state, state) for name, state in states.items()})


def drain() -> None:
    send_due(Deadline(seconds=None))


def outcome(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.status, message.reason


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({"dkim": MISSING}, "DKIM of ada-soap.example fails"),
        ({"dkim": "wrong"}, "DKIM of ada-soap.example fails"),
        ({"dmarc": MISSING}, "DMARC of ada-soap.example fails"),
        ({"dkim": "wrong", "dmarc": MISSING}, "DKIM and DMARC of ada-soap.example fail"),
    ],
)
@pytest.mark.django_db
def test_marketing_waits_with_its_reason_and_the_rest_goes_on(
    shop: Tenant, smtp: SmtpServer, states: dict[str, str], words: str
) -> None:
    find(make_domain(), **states)
    template = make_template()
    classes = ("promotional", "behavioural", "transactional", "safety", "service")
    queued = {
        kind: queue_message(
            make_recipient(email=f"{kind}@example.com"), template, message_class=kind
        )
        for kind in classes
    }

    drain()

    assert {kind: outcome(message) for kind, message in queued.items()} == {
        "promotional": ("pending", "sender_dns"),
        "behavioural": ("pending", "sender_dns"),
        "transactional": ("sent", ""),
        "safety": ("sent", ""),
        "service": ("sent", ""),
    }
    waiting = queued["promotional"]
    assert (waiting.detail, waiting.due_at, waiting.claim_id) == (words, NOON + DNS_PAUSE, None)
    assert (waiting.planned_at, waiting.attempts) == (NOON, 0)
    assert (waiting.gates or [])[-1] == {"gate": "sender_dns", "passed": False, "detail": words}
    assert len(smtp.raw) == 3
    assert [text for _, text in list_failing_domains()] == [words]


@pytest.mark.django_db
def test_what_waits_goes_out_once_the_records_are_mended(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    domain = make_domain()
    find(domain, dmarc=MISSING)
    domain.refresh_from_db()
    assert domain.check_due_at == NOON + RECHECK_FAILING
    message = queue_message(make_recipient(), make_template(), message_class="promotional")
    drain()
    drain()
    assert outcome(message) == ("pending", "sender_dns")

    noon.shift(timedelta(minutes=10))
    find(domain)
    drain()

    assert outcome(message) == ("sent", "")
    assert len(smtp.raw) == 1
    assert list_failing_domains() == []


@pytest.mark.django_db
def test_what_waits_too_long_ends_as_too_late(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    find(make_domain(), dkim=MISSING)
    short = queue_message(
        make_recipient(email="a@example.com"),
        make_template(),
        message_class="promotional",
        context={"max_lateness_minutes": 60},
    )
    usual = queue_message(
        make_recipient(email="b@example.com"), make_template(), message_class="promotional"
    )
    drain()
    noon.shift(timedelta(hours=2))
    drain()
    assert [outcome(short), outcome(usual)] == [
        ("skipped", "too_late"),
        ("pending", "sender_dns"),
    ]
    noon.shift(timedelta(hours=23))
    drain()
    assert outcome(usual) == ("skipped", "too_late")
    assert smtp.raw == []


@pytest.mark.django_db
def test_every_gate_is_asked_again_when_what_waited_goes_on(shop: Tenant, smtp: SmtpServer) -> None:
    domain = make_domain()
    find(domain, dkim=MISSING)
    person = make_recipient()
    message = queue_message(person, make_template(), message_class="promotional")
    drain()
    type(person).objects.filter(pk=person.pk).update(email_consent="unsubscribed")
    find(domain)
    drain()
    assert outcome(message) == ("skipped", "no_consent")
    assert smtp.raw == []


@pytest.mark.parametrize(
    "states", [{}, {"spf": MISSING}, {"dkim": UNKNOWN, "dmarc": UNKNOWN, "spf": UNKNOWN}]
)
@pytest.mark.django_db
def test_spf_alone_and_silent_name_servers_stop_nothing(
    shop: Tenant, smtp: SmtpServer, states: dict[str, str]
) -> None:
    find(make_domain(), **states)
    message = queue_message(make_recipient(), make_template(), message_class="promotional")
    drain()
    assert outcome(message) == ("sent", "")


@pytest.mark.django_db
def test_a_domain_that_was_not_checked_yet_or_is_none_of_the_senders_stops_nothing(
    shop: Tenant, smtp: SmtpServer
) -> None:
    make_domain()
    find(make_domain("other.example"), dkim=MISSING)
    message = queue_message(make_recipient(), make_template(), message_class="promotional")
    drain()
    assert outcome(message) == ("sent", "")


@pytest.mark.django_db
def test_a_silent_name_server_keeps_what_was_known(shop: Tenant, smtp: SmtpServer) -> None:
    domain = make_domain()
    find(domain, dmarc=MISSING)
    find(domain, dkim=UNKNOWN, dmarc=UNKNOWN)
    find(domain, dkim=UNKNOWN, dmarc=UNKNOWN)
    domain.refresh_from_db()
    assert dns_failure(domain) == "DMARC of ada-soap.example fails"
    assert domain.is_signing
    find(domain)
    domain.refresh_from_db()
    assert dns_failure(domain) == ""
