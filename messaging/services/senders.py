"""From-identities: who mails are from, and the proof that the address is theirs."""

from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.tenancy import current_tenant_id
from messaging.domain.mime import clean_header
from messaging.models import Sender, SenderRule, Template
from messaging.queries.senders import is_verified
from messaging.services import tokens
from messaging.types import SenderData, SenderToken
from tenants.queries import get_tenant
from tenants.services import audit

ASK_AGAIN = timedelta(minutes=1)
"""How long after a link was sent another one can be asked for."""


def ensure_default_sender() -> Sender:
    """Return the from-identity of the active tenant; make one where it has none.

    It writes under the merchant's name from the installation's own address, the only one that
    its mail server is known to accept. A repeat, also beside itself, changes nothing.
    """
    sender, _ = Sender.objects.get_or_create(
        is_default=True,
        defaults={
            "name": clean_header(get_tenant(current_tenant_id()).name),
            "email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        },
    )
    return sender


@transaction.atomic
def add_sender(data: SenderData, *, actor: str) -> Sender:
    """Add a from-identity of the active tenant, not the default one.

    Raises:
        Invalid: no name, or an address that is none; ``fields`` says which.
    """
    values = _check(data)
    sender = Sender.objects.create(**values)
    audit.record("sender.added", "sender", sender.pk, after=values, actor=actor)
    return sender


@transaction.atomic
def update_sender(sender_id: int, data: SenderData, *, actor: str) -> None:
    """Change a from-identity; another address has to be verified anew.

    Raises:
        NotFound: the tenant has no such sender.
        Invalid: no name, or an address that is none.
        Conflict: mails leave from it, and the new address is not verified.
    """
    sender = _lock(sender_id)
    values = _check(data)
    changed = [name for name, value in values.items() if getattr(sender, name) != value]
    if not changed:
        return
    before = {name: getattr(sender, name) for name in changed}
    for name in changed:
        setattr(sender, name, values[name])
    if "email" in changed:
        sender.verified_at = None
        is_used = sender.is_default or _is_named(sender_id)
        if is_used and not is_verified(sender):
            text = (
                "Mails leave from this sender. Add the new address as one of its own, verify it, "
                "and use that one instead."
            )
            raise Conflict(text, fields={"email": text})
    sender.save(update_fields=[*changed, "verified_at"])
    after = {name: values[name] for name in changed}
    audit.record("sender.changed", "sender", sender_id, before=before, after=after, actor=actor)


@transaction.atomic
def make_default(sender_id: int, *, actor: str) -> None:
    """Let all mails leave from a sender whose address is verified.

    Raises:
        NotFound: the tenant has no such sender.
        Conflict: nobody has shown that the address is theirs.
    """
    sender = _lock(sender_id)
    if sender.is_default:
        return
    if not is_verified(sender):
        raise Conflict(f"Verify {sender.email} first: nobody may write from another's address.")
    old = Sender.objects.filter(is_default=True).first()
    Sender.objects.filter(is_default=True).update(is_default=False)
    Sender.objects.filter(pk=sender_id).update(is_default=True)
    audit.record(
        "sender.made_default",
        "sender",
        sender_id,
        before={"email": old.email if old else ""},
        after={"email": sender.email},
        actor=actor,
    )


@transaction.atomic
def remove_sender(sender_id: int, *, actor: str) -> str:
    """Remove a from-identity that is not used, and return its address.

    Raises:
        NotFound: the tenant has no such sender.
        Conflict: it is the default one, or a rule or a template names it.
    """
    sender = _lock(sender_id)
    if sender.is_default:
        raise Conflict("All mails leave from this sender. Make another one the default first.")
    if _has_rules(sender_id):
        raise Conflict("A rule lets this sender write to people. Remove the rule first.")
    if _has_templates(sender_id):
        raise Conflict("A template names this sender. Let it name another one first.")
    before = {"name": sender.name, "email": sender.email}
    sender.delete()
    audit.record("sender.removed", "sender", sender_id, before=before, actor=actor)
    return sender.email


@transaction.atomic
def ask_to_verify(sender_id: int) -> bool:
    """Send a link to the address of a sender once this transaction commits.

    Returns:
        False when one was sent within the last minute, or none is needed.

    Raises:
        NotFound: the tenant has no such sender.
    """
    sender = _lock(sender_id)
    now = clock.now()
    if is_verified(sender) or (sender.asked_at and now - sender.asked_at < ASK_AGAIN):
        return False
    Sender.objects.filter(pk=sender_id).update(asked_at=now)
    shop = get_tenant(current_tenant_id()).name
    url = tokens.sender_url(SenderToken(current_tenant_id(), sender_id, sender.email))
    transaction.on_commit(lambda: _send_link(shop, sender.email, url), robust=True)
    return True


@transaction.atomic
def verify_sender(token: SenderToken) -> Sender | None:
    """Note that whoever reads the mail of an address lets the shop write from it; may be repeated.

    Returns:
        None when the sender is gone, or has another address by now.
    """
    named = Sender.objects.filter(pk=token.sender_id, email=token.email)
    # One statement: were the address changed in between, the proof would count for another one.
    if named.filter(verified_at=None).update(verified_at=clock.now()):
        after = {"email": token.email}
        audit.record("sender.verified", "sender", token.sender_id, after=after, actor=token.email)
    return named.first()


def _send_link(shop: str, address: str, url: str) -> None:
    text = (
        f"{shop} wants to send its mails from {address}.\n\n"
        f"If that is right, confirm it within {tokens.SENDER_DAYS} days on this page:\n{url}\n\n"
        "You do not know of it? Then ignore this mail: nothing is sent in your name.\n"
    )
    subject = f"May {clean_header(shop)} send from this address?"
    send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [address])


def _is_named(sender_id: int) -> bool:
    return _has_rules(sender_id) or _has_templates(sender_id)


def _has_templates(sender_id: int) -> bool:
    return Template.objects.filter(content__sender=sender_id).exists()


def _has_rules(sender_id: int) -> bool:
    return SenderRule.objects.filter(sender_id=sender_id).exists()


def _lock(sender_id: int) -> Sender:
    sender = Sender.objects.select_for_update(no_key=True).filter(pk=sender_id).first()
    if sender is None:
        raise NotFound("This sender does not exist.")
    return sender


def _to_ascii(address: str) -> str:
    """Return an address as headers and name servers take it: letters of other scripts in ASCII."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def _check(data: SenderData) -> dict[str, str]:
    values = {
        "name": clean_header(data.name),
        "email": data.email.strip().lower(),
        "reply_to": data.reply_to.strip().lower(),
    }
    fields = {} if values["name"] else {"name": "Say who the mails are from."}
    for name in ("email", "reply_to"):
        try:
            if values[name] or name == "email":
                validate_email(values[name])
                values[name] = _to_ascii(values[name])
        except (ValidationError, UnicodeError):
            fields[name] = f"{values[name]!r} is not an email address."
    if fields:
        raise Invalid(" ".join(fields.values()), fields=fields)
    return values
