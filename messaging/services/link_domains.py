"""The tenant's own domain for links: asked for by workers, used once it is seen to lead here.

Three things must hold: the domain above it is a sending domain of the tenant whose DKIM record is
in place (so nobody takes the name of somebody else's shop), its record leads to this installation,
and this installation answers there, over TLS where it is served so.
"""

import hmac
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.dns import DnsUnavailable, DnsUnknown, find_alias, list_addresses
from kernel.errors import Conflict, Invalid, NotFound
from kernel.http import Client, HttpUnavailable
from kernel.scope import current_tenant_id
from kernel.work import ring
from messaging.domain.dns_records import Finding, judge_alias
from messaging.models import LinkDomain, SendingDomain
from messaging.queries.link_domains import base_of, is_used_elsewhere
from messaging.services.domains import (
    ASK_AGAIN,
    KIND,
    LEASE,
    NO_ANSWER,
    RECHECK,
    RECHECK_FAILING,
    parse_domain,
    public_host,
)
from tenants.services import audit

PROOF_PATH: Final = "/link-domains/proof"
ASK_SECONDS: Final = 10.0
MOST_BYTES: Final = 1_000
KEEP_LINKS: Final = timedelta(days=730)
"""For how long a domain that was removed still answers who follows a link in an old mail."""
LATER: Final = Finding("unknown", "Asked for once the steps before it are done.")


@transaction.atomic
def set_link_domain(name: str, *, actor: str) -> LinkDomain:
    """Let links lead through a domain once it leads here, and have it checked.

    Raises:
        Invalid: it is no name of a domain, or not below a sending domain of the tenant.
        Conflict: the tenant has one already.
    """
    domain = parse_domain(name)
    if LinkDomain.objects.filter(retired_at=None).exists():
        text = "There is one already. Remove it first."
        raise Conflict(text, fields={"domain": text})
    if _find_parent(domain) is None:
        text = (
            f"{domain} is not below one of your sending domains. Take one such as "
            "click.shop.example, and add shop.example as a sending domain first."
        )
        raise Invalid(text, fields={"domain": text})
    now = clock.now()
    found, is_new = LinkDomain.objects.get_or_create(
        domain=domain, defaults={"check_due_at": now, "created_at": now}
    )
    if not is_new:  # it was removed before, and comes back
        LinkDomain.objects.filter(pk=found.pk).update(retired_at=None, check_due_at=now)
    audit.record(
        "link_domain.added", "link_domain", found.pk, after={"domain": domain}, actor=actor
    )
    ring(KIND, current_tenant_id())
    return found


@transaction.atomic
def remove_link_domain(*, actor: str) -> str:
    """Let links lead through the address of the installation again, and return the domain.

    Links in mails that are out already go on leading here for two years, as long as its record
    does; one that never led here is forgotten.

    Raises:
        NotFound: the tenant has none.
    """
    found = _lock()
    if found.was_live:
        now = clock.now()
        LinkDomain.objects.filter(pk=found.pk).update(
            retired_at=now, is_live=False, check_due_at=now + KEEP_LINKS
        )
    else:
        found.delete()
    before = {"domain": found.domain}
    audit.record("link_domain.removed", "link_domain", found.pk, before=before, actor=actor)
    return found.domain


@transaction.atomic
def request_check() -> None:
    """Have the domain checked now.

    Raises:
        NotFound: the tenant has none.
    """
    LinkDomain.objects.filter(pk=_lock().pk).update(check_due_at=clock.now())
    ring(KIND, current_tenant_id())


def check_due(deadline: Deadline) -> int:
    """Ask for the domain of the active tenant if its check is due, and keep what was found.

    One that was removed is forgotten once its links are too old.

    Returns:
        Domains checked: 1 or 0.
    """
    if deadline.passed or (found := _claim()) is None:
        return 0
    if found.retired_at is not None:
        _forget(found)
        return 1
    findings = _look_up(found)
    if all(finding.state == "good" for finding in findings.values()):
        _note_pointed(found, findings)
        findings["answer"] = _ask_answer(found.domain)
    _record(found, {"answer": LATER} | findings)
    return 1


def prove(host: str) -> str:
    """Return what this installation, and no other one, answers under a host."""
    said = f"link-domain.{host.partition(':')[0].lower()}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), said, "sha256").hex()


def fetch(url: str) -> str:
    """Return what an address answers, or say in words why it does not.

    Raises:
        HttpUnavailable: nothing came back.
    """
    with Client(ASK_SECONDS, total_seconds=ASK_SECONDS, max_bytes=MOST_BYTES) as client:
        return client.get(url).body.decode("utf-8", "replace").strip()


@transaction.atomic
def _claim() -> LinkDomain | None:
    due = LinkDomain.objects.select_for_update(skip_locked=True, no_key=True)
    found = due.filter(check_due_at__lte=clock.now()).first()
    if found is not None:
        found.check_due_at = clock.now() + LEASE
        LinkDomain.objects.filter(pk=found.pk).update(check_due_at=found.check_due_at)
    return found


@transaction.atomic
def _forget(found: LinkDomain) -> None:
    LinkDomain.objects.filter(pk=found.pk).exclude(retired_at=None).delete()


def _look_up(found: LinkDomain) -> dict[str, Finding]:
    owner = _judge_owner(found.domain)
    return {"owner": owner, "alias": _ask_alias(found.domain) if owner.state == "good" else LATER}


@transaction.atomic
def _note_pointed(found: LinkDomain, findings: dict[str, Finding]) -> None:
    """Keep that it leads here before it is asked.

    The first question makes a proxy get its certificate, which it may for such domains alone
    (`messaging.views.link_domain_edges`).
    """
    new = {name: asdict(finding) | {"known": "good"} for name, finding in findings.items()}
    LinkDomain.objects.filter(pk=found.pk).update(findings={**found.findings, **new})


@transaction.atomic
def _judge_owner(domain: str) -> Finding:
    parent = _find_parent(domain)
    if parent is None:
        return Finding("wrong", "The sending domain above it is gone. Add it once more.")
    if not parent.is_signing:
        words = (
            f"The DKIM record of {parent.domain} is not in place; it proves that both are yours."
        )
        return Finding("wrong", words)
    if is_used_elsewhere(domain, current_tenant_id()):
        return Finding("wrong", "Another shop of this installation uses it. Take another name.")
    return Finding("good", f"{parent.domain} is yours: its DKIM record is in place.")


def _ask_alias(domain: str) -> Finding:
    try:
        alias = find_alias(domain)
        own, here = list_addresses(domain), _addresses_here()
    except DnsUnknown:
        return Finding("missing", "There is no such name yet.")
    except DnsUnavailable:
        return NO_ANSWER
    return judge_alias(alias, public_host(), own & here)


def _addresses_here() -> set[str]:
    try:
        return list_addresses(public_host())
    except DnsUnknown:  # such as localhost
        return set()


def _ask_answer(domain: str) -> Finding:
    try:
        answer = fetch(f"{base_of(domain)}{PROOF_PATH}")
    except HttpUnavailable as exc:
        return Finding("wrong", f"Nothing answers there: {exc} Whoever runs the server knows why.")
    if not hmac.compare_digest(answer.encode(), prove(domain).encode()):
        return Finding("wrong", "Another server answers there. Whoever runs this one knows why.")
    return Finding("good", "This installation answers there.")


@transaction.atomic
def _record(found: LinkDomain, findings: dict[str, Finding]) -> None:
    """Keep what was found; where nobody answered now, it stands as it was known before."""
    now = clock.now()
    is_silent = any(each is NO_ANSWER for each in findings.values())
    known = {
        name: each.state
        if each.state != "unknown"
        else str(found.findings.get(name, {}).get("known", "")) * is_silent
        for name, each in findings.items()
    }
    is_live = all(state == "good" for state in known.values())
    row = LinkDomain.objects.filter(pk=found.pk)
    row.update(
        findings={name: asdict(each) | {"known": known[name]} for name, each in findings.items()},
        is_live=is_live,
        was_live=found.was_live or is_live,
        checked_at=now,
    )
    again = ASK_AGAIN if is_silent else RECHECK if is_live else RECHECK_FAILING
    row.filter(check_due_at=found.check_due_at).update(check_due_at=now + again)
    if is_live != found.is_live:
        action = "link_domain.verified" if is_live else "link_domain.lost"
        audit.record(action, "link_domain", found.pk, after={"domain": found.domain})


def _find_parent(domain: str) -> SendingDomain | None:
    """Return the closest sending domain of the tenant that a domain lies below."""
    parts = domain.split(".")
    above = [".".join(parts[place:]) for place in range(1, len(parts) - 1)]
    rows = {row.domain: row for row in SendingDomain.objects.filter(domain__in=above)}
    return next((rows[name] for name in above if name in rows), None)


def _lock() -> LinkDomain:
    rows = LinkDomain.objects.select_for_update(no_key=True)
    found = rows.filter(retired_at=None).first()
    if found is None:
        raise NotFound("There is no link domain.")
    return found
