"""From-identities and the domains they write from."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings

from messaging.models import Sender, SendingDomain

_NEEDED = {"dkim": "DKIM", "dmarc": "DMARC"}
"""Records without which marketing waits."""
_FAILING = frozenset({"missing", "wrong"})


@dataclass(frozen=True, slots=True)
class SenderRow:
    """One sender as its list shows it.

    Attributes:
        is_verified: by a link, by its domain, or because it is the installation's own address.
        is_signed: whether its mails carry a signature that its domain's record proves.
    """

    sender: Sender
    is_verified: bool
    is_signed: bool

    @property
    def domain(self) -> str:
        """Return the domain that it writes from, in lower case."""
        return _domain_of(self.sender.email)


def list_senders(domains: Sequence[SendingDomain] | None = None) -> list[SenderRow]:
    """Return the senders of the active tenant, the default one first, then by address.

    Args:
        domains: all sending domains of the tenant, where the caller has read them.
    """
    signing = (
        _signing_domains()
        if domains is None
        else {domain.domain for domain in domains if domain.is_signing}
    )
    return [
        SenderRow(sender, _is_verified(sender, signing), _domain_of(sender.email) in signing)
        for sender in Sender.objects.order_by("-is_default", "email", "pk")
    ]


def list_sender_choices() -> list[tuple[int, str]]:
    """Return id and words of the senders that mails can leave from, the default one first."""
    rows = [row.sender for row in list_senders() if row.is_verified]
    return [(sender.pk, f"{sender.name} <{sender.email}>") for sender in rows]


def is_verified(sender: Sender) -> bool:
    """Return whether somebody showed that a sender's address is theirs."""
    return _is_verified(sender, _signing_domains())


def find_sender(sender_id: int) -> Sender | None:
    """Return one sender of the active tenant, or None."""
    return Sender.objects.filter(pk=sender_id).first()


def list_domains() -> list[SendingDomain]:
    """Return the sending domains of the active tenant by name."""
    return list(SendingDomain.objects.order_by("domain"))


def find_domain(domain_id: int) -> SendingDomain | None:
    """Return one sending domain of the active tenant, or None."""
    return SendingDomain.objects.filter(pk=domain_id).first()


def list_senders_of(domain: str) -> list[str]:
    """Return the addresses of the active tenant's senders at a domain."""
    found = Sender.objects.filter(email__endswith=f"@{domain}")
    return list(found.order_by("email").values_list("email", flat=True))


def dns_failure(domain: SendingDomain) -> str:
    """Say which of the records that marketing needs fail; empty where none does.

    A record that could not be asked for counts as it was known last.
    """
    states = {name: found.get("known", "") for name, found in domain.findings.items()}
    failing = [label for name, label in _NEEDED.items() if states.get(name) in _FAILING]
    if not failing:
        return ""
    return f"{' and '.join(failing)} of {domain.domain} {'fail' if failing[1:] else 'fails'}"


def list_failing_domains() -> list[tuple[SendingDomain, str]]:
    """Return the domains that the default sender writes from and whose records fail, with words."""
    failing = [
        (domain, words) for domain in SendingDomain.objects.all() if (words := dns_failure(domain))
    ]
    sender = Sender.objects.filter(is_default=True).first() if failing else None
    own = _domain_of(sender.email) if sender is not None else ""
    return [(domain, words) for domain, words in failing if domain.domain == own]


def _is_verified(sender: Sender, signing: set[str]) -> bool:
    own = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    is_known = sender.verified_at is not None or sender.email == own
    return is_known or _domain_of(sender.email) in signing


def _signing_domains() -> set[str]:
    return set(SendingDomain.objects.filter(is_signing=True).values_list("domain", flat=True))


def _domain_of(email: str) -> str:
    return email.rpartition("@")[2].lower()
