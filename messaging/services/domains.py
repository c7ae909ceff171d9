"""Sending domains: their keys, and whether their records say what they should.

Name servers are asked by workers, never by a request: claimed in one short transaction, asked
outside of any, recorded in another.
"""

import re
import secrets
from dataclasses import asdict
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.dns import DnsUnavailable, DnsUnknown, list_mail_hosts, list_texts
from kernel.errors import Conflict, Invalid, NotFound
from kernel.secrets import encrypt
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from messaging.domain.addresses import to_wire
from messaging.domain.dkim import make_keys
from messaging.domain.dns_records import (
    MAX_LOOKUPS,
    Finding,
    find_spf,
    judge_dkim,
    judge_dmarc,
    judge_return_path,
    judge_spf,
    spf_parts,
)
from messaging.models import SendingDomain
from messaging.queries.senders import dns_failure, list_senders_of
from messaging.services.releasing import release_waiting
from tenants.services import audit

KIND = "domains"
RECHECK = timedelta(days=1)
RECHECK_FAILING = timedelta(minutes=30)
"""While marketing waits for a record."""
ASK_AGAIN = timedelta(minutes=10)
"""When a name server that did not answer is asked once more."""
LEASE = timedelta(minutes=5)
NO_ANSWER = Finding("unknown", "The name server did not answer in time. It is asked once more.")
_NAME = re.compile(
    r"(?=.{4,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


@transaction.atomic
def add_domain(name: str, *, actor: str) -> SendingDomain:
    """Add a sending domain of the active tenant with keys of its own, and have it checked.

    Args:
        name: in any case; letters of other scripts are taken in their ASCII form.
        actor: e-mail address of the member.

    Raises:
        Invalid: it is no name of a domain.
        Conflict: the tenant has it already.
    """
    domain = parse_domain(name)
    private, public = make_keys()
    now = clock.now()
    try:
        with transaction.atomic():
            found = SendingDomain.objects.create(
                domain=domain,
                selector=f"patron{secrets.token_hex(3)}",
                dkim_key_encrypted=encrypt(private),
                dkim_public=public,
                check_due_at=now,
                created_at=now,
            )
    except IntegrityError as exc:
        text = f"{domain} is here already."
        raise Conflict(text, fields={"domain": text}) from exc
    audit.record("domain.added", "domain", found.pk, after={"domain": domain}, actor=actor)
    ring(KIND, current_tenant_id())
    return found


@transaction.atomic
def remove_domain(domain_id: int, *, actor: str) -> str:
    """Remove a domain that no sender writes from, with its keys, and return its name.

    Raises:
        NotFound: the tenant has no such domain.
        Conflict: senders write from it; the words name them.
    """
    found = _lock(domain_id)
    if users := list_senders_of(found.domain):
        raise Conflict(f"{', '.join(users)} sends from it. Remove or change the sender first.")
    found.delete()
    audit.record(
        "domain.removed", "domain", domain_id, before={"domain": found.domain}, actor=actor
    )
    return found.domain


@transaction.atomic
def set_return_path(domain_id: int, address: str, *, actor: str) -> None:
    """Say where the bounces of mails from a domain go, and have it checked before it is used.

    Args:
        domain_id: of the domain.
        address: of a mailbox; empty for the address of the sender.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such domain.
        Invalid: it is no address.
    """
    found = _lock(domain_id)
    wire = to_wire(address) if address.strip() else ""
    if wire is None:
        text = "This is no address. Write one such as bounces@mail.shop.example."
        raise Invalid(text, fields={"return_path": text})
    if wire == found.return_path:
        return
    findings = {name: each for name, each in found.findings.items() if name != "return_path"}
    row = SendingDomain.objects.filter(pk=found.pk)
    row.update(return_path=wire, findings=findings, check_due_at=clock.now())
    audit.record(
        "domain.changed",
        "domain",
        found.pk,
        before={"domain": found.domain, "return_path": found.return_path},
        after={"domain": found.domain, "return_path": wire},
        actor=actor,
    )
    ring(KIND, current_tenant_id())


@transaction.atomic
def request_check(domain_id: int) -> None:
    """Have a domain checked now.

    Raises:
        NotFound: the tenant has no such domain.
    """
    found = _lock(domain_id)
    SendingDomain.objects.filter(pk=found.pk).update(check_due_at=clock.now())
    ring(KIND, current_tenant_id())


def check_due(deadline: Deadline) -> int:
    """Ask for the records of domains whose check is due, and keep what was found.

    Args:
        deadline: when to stop claiming.

    Returns:
        Domains checked; 0 when none was due.
    """
    done = 0
    while not deadline.passed and (found := _claim()) is not None:
        _record(found, _look_up(found))
        done += 1
    return done


@transaction.atomic
def _claim() -> SendingDomain | None:
    due = SendingDomain.objects.select_for_update(skip_locked=True, no_key=True)
    found = due.filter(check_due_at__lte=clock.now()).order_by("check_due_at", "pk").first()
    if found is not None:
        lease = clock.now() + LEASE
        SendingDomain.objects.filter(pk=found.pk).update(check_due_at=lease)
        found.check_due_at = lease
    return found


@transaction.atomic
def _record(found: SendingDomain, findings: dict[str, Finding]) -> None:
    """Keep what was found, unless another check was asked for meanwhile; then only the state."""
    now = clock.now()
    is_unknown = any(finding.state == "unknown" for finding in findings.values())
    is_signing = findings["dkim"].state == "good"
    if findings["dkim"].state == "unknown":
        is_signing = found.is_signing
    before, lease = dns_failure(found), found.check_due_at
    was_signing, found.is_signing = found.is_signing, is_signing
    found.findings = {
        name: asdict(finding) | {"known": _known_state(found, name, finding)}
        for name, finding in findings.items()
    }
    found.checked_at = now
    row = SendingDomain.objects.filter(pk=found.pk, return_path=found.return_path)
    if not row.update(findings=found.findings, is_signing=is_signing, checked_at=now):
        return  # gone, or told to send bounces elsewhere since: that is asked for next
    failure = dns_failure(found)
    again = ASK_AGAIN if is_unknown else RECHECK_FAILING if failure else RECHECK
    row.filter(check_due_at=lease).update(check_due_at=now + again)
    if before and not failure:
        release_waiting(now)
    if is_signing != was_signing:
        action = "domain.verified" if is_signing else "domain.lost"
        after = {"domain": found.domain, "dkim": findings["dkim"].words}
        audit.record(action, "domain", found.pk, after=after)


def _known_state(found: SendingDomain, name: str, finding: Finding) -> str:
    """Return how a record stands; as it was known before, where nobody answered now."""
    if finding.state != "unknown":
        return finding.state
    return str(found.findings.get(name, {}).get("known", ""))


def _look_up(found: SendingDomain) -> dict[str, Finding]:
    asked = ("dkim", "dmarc", "spf", *(("return_path",) if found.return_path else ()))
    try:
        texts = list_texts(found.domain)
    except DnsUnknown:
        missing = Finding("wrong", f"There is no domain {found.domain}. Is it written right?")
        return dict.fromkeys(asked, missing)
    except DnsUnavailable:
        return dict.fromkeys(asked, NO_ANSWER)
    dkim = _texts_or_none(f"{found.selector}._domainkey.{found.domain}")
    dmarc = _texts_or_none(f"_dmarc.{found.domain}")
    return {
        "dkim": NO_ANSWER if dkim is None else judge_dkim(dkim, found.dkim_public),
        "dmarc": NO_ANSWER if dmarc is None else judge_dmarc(dmarc),
        "spf": _look_up_spf(texts),
        **({"return_path": _look_up_return_path(found)} if found.return_path else {}),
    }


def _look_up_return_path(found: SendingDomain) -> Finding:
    """Say whether bounces reach their mailbox, and whether its SPF speaks for the domain."""
    host = found.return_path.rpartition("@")[2]
    try:
        hosts = list_mail_hosts(host)
        spf = _look_up_spf(list_texts(host))
    except DnsUnknown:
        return Finding("wrong", f"There is no domain {host}. Is the address written right?")
    except DnsUnavailable:
        return NO_ANSWER
    return NO_ANSWER if spf is NO_ANSWER else judge_return_path(found.domain, host, hosts, spf)


def _look_up_spf(texts: list[str]) -> Finding:
    records = find_spf(texts)
    try:
        lookups = _count_lookups(records[0]) if len(records) == 1 else 0
    except DnsUnavailable:
        return NO_ANSWER
    return judge_spf(records, lookups=lookups, include=settings.SPF_INCLUDE)


def _count_lookups(record: str) -> int:
    """Return the look-ups of a record and of those it includes; stops beyond what is allowed."""
    waiting, count = [record], 0
    while waiting and count <= MAX_LOOKUPS:
        own, names = spf_parts(waiting.pop())
        count += own
        for name in names[: MAX_LOOKUPS + 1]:
            with_record = find_spf(_texts_or_nothing(name))
            waiting.extend(with_record[:1])
    return count


def _texts_or_nothing(name: str) -> list[str]:
    try:
        return list_texts(name)
    except DnsUnknown:
        return []


def _texts_or_none(name: str) -> list[str] | None:
    """Return the texts of a name, empty when there is no such name; None when nobody answered."""
    try:
        return _texts_or_nothing(name)
    except DnsUnavailable:
        return None


def public_host() -> str:
    """Return the host of the installation's own address."""
    return (urlsplit(settings.PUBLIC_URL).hostname or "").lower()


def _lock(domain_id: int) -> SendingDomain:
    found = SendingDomain.objects.select_for_update(no_key=True).filter(pk=domain_id).first()
    if found is None:
        raise NotFound("This domain does not exist.")
    return found


def parse_domain(name: str) -> str:
    """Return a domain in lower case and ASCII.

    Raises:
        Invalid: it is no name of a domain.
    """
    wanted = name.strip().rstrip(".").lower()
    try:
        domain = wanted.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not _NAME.fullmatch(domain):
        text = f"{name.strip()!r} is no domain. Write one such as shop.example, without https://."
        raise Invalid(text, fields={"domain": text})
    return domain
