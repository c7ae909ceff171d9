"""Sending domains: records in and out of place, in plain words, and signatures that hold."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from email.parser import BytesParser
from hashlib import sha256
from typing import Any

import pytest
import time_machine
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings
from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.work import sweep
from messaging.domain.dkim import make_keys, sign_mail
from messaging.domain.dns_records import dkim_record, judge_dkim, judge_dmarc, judge_spf, spf_parts
from messaging.models import Sender, SendingDomain
from messaging.services.domains import (
    ASK_AGAIN,
    RECHECK,
    add_domain,
    check_due,
)
from messaging.services.sending import send_due
from messaging.types import DkimKey
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.tenants import sign_in
from tests.messaging.conftest import NOON
from tests.support.dns_server import NameServer
from tests.support.smtp import SmtpServer

DOMAIN = "soap.example"
ADA = "ada@example.com"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    server.start()
    monkeypatch.setattr(settings, "DNS_RESOLVERS", [server.address])
    monkeypatch.setattr(settings, "DNS_SECONDS", 30)
    yield server
    server.stop()


def set_records(names: NameServer, domain: SendingDomain, **changes: list[str]) -> None:
    """Publish what is right for a domain, with changes by record."""
    records = {
        "dkim": [dkim_record(domain.dkim_public)],
        "dmarc": ["v=DMARC1; p=none"],
        "spf": ["v=spf1 ip4:192.0.2.7 -all", "other"],
        **changes,
    }
    names.texts[f"{domain.selector}._domainkey.{domain.domain}"] = records["dkim"]
    names.texts[f"_dmarc.{domain.domain}"] = records["dmarc"]
    names.texts[domain.domain] = records["spf"]


def check(domain: SendingDomain) -> dict[str, str]:
    """Have the worker look, and return the state of each record."""
    check_due(Deadline(seconds=None))
    with transaction.atomic():
        domain.refresh_from_db()
    return {name: finding["state"] for name, finding in domain.findings.items()}


def make_domain() -> SendingDomain:
    with transaction.atomic():
        return add_domain(f" {DOMAIN.upper()}. ", actor=ADA)


@pytest.mark.django_db(transaction=True)
def test_records_in_place_make_mails_signed_and_the_check_comes_daily(
    tenant: Tenant, broker: object, names: NameServer
) -> None:
    with time_machine.travel(NOON, tick=False):
        domain = make_domain()
        set_records(names, domain)
        assert check(domain) == {"dkim": "good", "dmarc": "good", "spf": "good"}
        assert domain.is_signing
        assert domain.checked_at == NOON
        assert domain.check_due_at == NOON + RECHECK
        assert check_due(Deadline(seconds=None)) == 0
    with transaction.atomic():
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["domain.added", "domain.verified"]
    assert "PRIVATE KEY" not in domain.dkim_key_encrypted


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
def test_the_sweep_rings_for_a_check_that_is_due(
    tenant: Tenant, broker: Any, names: NameServer
) -> None:
    make_domain()
    broker.flushdb()
    sweep()
    assert broker.exists(f"ring:domains:{tenant.pk}") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("changes", "record", "state", "words"),
    [
        ({"dkim": []}, "dkim", "missing", "no key at this name"),
        ({"dkim": ["v=DKIM1; p=AAAA"]}, "dkim", "wrong", "another key"),
        ({"dkim": ["v=DKIM1; p="]}, "dkim", "wrong", "revokes it"),
        ({"dkim": ["v=DKIM1; p=A", "v=DKIM1; p=B"]}, "dkim", "wrong", "2 keys"),
        ({"dmarc": []}, "dmarc", "missing", "no DMARC"),
        ({"dmarc": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "dmarc", "wrong", "2 DMARC"),
        ({"dmarc": ["v=DMARC1; rua=mailto:a@b.example"]}, "dmarc", "wrong", "no policy"),
        ({"spf": []}, "spf", "missing", "no SPF"),
        ({"spf": ["v=spf1 -all", "v=spf1 ~all"]}, "spf", "wrong", "2 SPF records"),
        ({"spf": ["v=spf1 " + "a " * 11 + "-all"]}, "spf", "wrong", "more than 10 look-ups"),
        ({"spf": ["v=spf1 include:loop.example -all"]}, "spf", "wrong", "more than 10"),
    ],
)
@pytest.mark.usefixtures("tenant", "broker")
def test_what_is_wrong_with_a_record_is_said_in_words(
    names: NameServer, changes: dict[str, list[str]], record: str, state: str, words: str
) -> None:
    domain = make_domain()
    names.texts["loop.example"] = ["v=spf1 include:loop.example -all"]
    set_records(names, domain, **changes)
    assert check(domain)[record] == state
    assert words in domain.findings[record]["words"]
    assert domain.is_signing is (record != "dkim")


@pytest.mark.django_db(transaction=True)
def test_a_domain_that_does_not_exist_is_said_so(
    tenant: Tenant, broker: object, names: NameServer
) -> None:
    domain = make_domain()
    assert check(domain) == {"dkim": "wrong", "dmarc": "wrong", "spf": "wrong"}
    assert f"There is no domain {DOMAIN}" in domain.findings["dkim"]["words"]


@pytest.mark.django_db(transaction=True)
def test_silence_of_a_name_server_changes_nothing_and_is_asked_again(
    tenant: Tenant, broker: object, names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = make_domain()
    set_records(names, domain)
    check(domain)
    monkeypatch.setattr(settings, "DNS_SECONDS", 1)
    names.silent.add(f"{domain.selector}._domainkey.{DOMAIN}")
    with transaction.atomic():
        SendingDomain.objects.update(check_due_at=clock.now() - timedelta(seconds=1))
    assert check(domain)["dkim"] == "unknown"
    assert domain.is_signing
    assert domain.check_due_at - clock.now() <= ASK_AGAIN


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_gone_ends_the_signing(
    tenant: Tenant, broker: object, names: NameServer
) -> None:
    domain = make_domain()
    set_records(names, domain)
    check(domain)
    set_records(names, domain, dkim=[])
    with transaction.atomic():
        SendingDomain.objects.update(check_due_at=clock.now() - timedelta(seconds=1))
    check(domain)
    assert not domain.is_signing
    with transaction.atomic():
        assert AuditEntry.objects.order_by("-pk")[0].action == "domain.lost"


@pytest.mark.parametrize(
    "name", ["", "soap", "http://soap.example", "a b.example", "soap.1", "-a.example"]
)
def test_what_is_no_domain_is_refused(tenant: Tenant, name: str) -> None:
    page = sign_in(tenant).post("/t/ada-soap/settings/domains/", {"domain": name})
    assert page.status_code == 422
    assert not SendingDomain.objects.exists()


def test_a_domain_is_added_once_and_removed_unless_used(tenant: Tenant, broker: object) -> None:
    owner = sign_in(tenant)
    page = owner.post("/t/ada-soap/settings/domains/", {"domain": "Söap.example"})
    domain = SendingDomain.objects.get()
    assert domain.domain == "xn--sap-sna.example"
    again = owner.post("/t/ada-soap/settings/domains/", {"domain": domain.domain})
    assert "is here already" in again.content.decode()
    sender = Sender.objects.create(name="Ada", email=f"ada@{domain.domain}")
    home = page.headers["Location"]
    refused = owner.post(f"{home}remove/", follow=True).content.decode()
    assert f"{sender.email} sends from it" in refused
    assert SendingDomain.objects.count() == 1
    sender.delete()
    owner.post(f"{home}remove/")
    assert not SendingDomain.objects.exists()


def test_an_spf_record_counts_what_it_asks_for() -> None:
    record = "v=spf1 a mx:x.example include:one.example exists:e.example ip4:192.0.2.1 ~all"
    assert spf_parts(record) == (4, ["one.example"])
    assert spf_parts("v=spf1 redirect=two.example") == (1, ["two.example"])
    named = judge_spf(
        ["v=spf1 include:ours.example -all"], lookups=1, include="include:ours.example"
    )
    assert named.state == "good"
    assert judge_spf(["v=spf1 -all"], lookups=0, include="include:ours.example").state == "wrong"


def test_a_key_may_be_published_with_spaces() -> None:
    assert judge_dkim(["v=DKIM1; k=rsa; p=AB CD"], "ABCD").state == "good"
    assert judge_dmarc(["v=DMARC1;p=reject"]).state == "good"


MAIL = (
    b"From: Ada <ada@soap.example>\r\nTo: Bo <bo@example.com>\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_folded?=\r\nX-Other: x\r\n\r\n"
    b"Hello  there \t\r\nyou\r\n\r\n\r\n"
)


def verify(content: bytes, public: str) -> None:
    """Check a signature as a reader's server does, written from the standard alone.

    Raises:
        InvalidSignature: it does not hold.
    """
    mail = BytesParser(policy=policy.compat32).parsebytes(content)
    raw = str(mail["DKIM-Signature"])
    tags = dict(part.strip().split("=", 1) for part in raw.replace("\r\n", "").split(";"))
    body = content.split(b"\r\n\r\n", 1)[1]
    while body.endswith(b"\r\n\r\n"):
        body = body[:-2]
    lines_of_body = (re.sub(rb"[ \t]+", b" ", line) for line in body.split(b"\r\n"))
    relaxed = b"\r\n".join(line.rstrip(b" ") for line in lines_of_body)
    if b64decode(tags["bh"]) != sha256(relaxed).digest():
        raise InvalidSignature
    lines = []
    for name in tags["h"].split(":"):
        value = str(mail[name.strip()])
        lines.append(f"{name.strip().lower()}:{' '.join(value.split())}\r\n")
    unsigned = raw[: raw.rindex("b=") + 2]
    lines.append(f"dkim-signature:{' '.join(unsigned.split())}")
    key = serialization.load_der_public_key(b64decode(public))
    assert isinstance(key, rsa.RSAPublicKey)
    signature = b64decode("".join(tags["b"].split()))
    key.verify(signature, "".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_signature_holds_and_breaks_with_any_change() -> None:
    private, public = make_keys()
    signed = sign_mail(MAIL, DkimKey(DOMAIN, "patron1", private), NOON)
    verify(signed, public)
    assert all(len(line) < 200 for line in signed.split(b"\r\n"))
    for old, new in ((b"Hello", b"Hallo"), (b"bo@example.com", b"eve@example.com")):
        with pytest.raises(InvalidSignature):
            verify(signed.replace(old, new), public)
    with pytest.raises(InvalidSignature):
        verify(signed, make_keys()[1])


@pytest.mark.django_db(transaction=True)
def test_mails_that_leave_are_signed_by_their_own_domain_alone(
    shop: Tenant, broker: object, smtp: SmtpServer, names: NameServer
) -> None:
    domain = make_domain()
    with transaction.atomic():
        queue_message(make_recipient(), make_template())
    send_due(Deadline(seconds=None))
    set_records(names, domain)
    check(domain)
    with transaction.atomic():
        Sender.objects.update(email=f"hello@{DOMAIN}")
        queue_message(make_recipient(), make_template())
    send_due(Deadline(seconds=None))
    unsigned, signed = smtp.raw
    assert b"DKIM-Signature" not in unsigned
    assert f"d={DOMAIN}; s={domain.selector}".encode() in signed
    verify(signed, domain.dkim_public)
