"""What members and keys say of addresses that must not be contacted, with a trace in the audit."""

from django.db import transaction

from crm.choices import Channel, SuppressionReason, SuppressionScope
from crm.domain.digests import mask_address
from crm.domain.identifiers import normalize_email, normalize_phone
from crm.models import Suppression
from crm.services.addresses import address_hash
from crm.services.consent import lift_many, suppress
from kernel.errors import Conflict, Invalid, NotFound
from kernel.scope import current_tenant_id
from tenants.queries import get_tenant
from tenants.services import audit

SAYABLE = (
    SuppressionReason.MANUAL,
    SuppressionReason.HARD_BOUNCE,
    SuppressionReason.INVALID_ADDRESS,
    SuppressionReason.SPAM_COMPLAINT,
)
"""Reasons that a member or key may name; an erasure alone says that somebody was erased."""
MAX_DETAIL = 200


@transaction.atomic
def add_suppression(
    channel: str,
    address: str,
    *,
    reason: str = SuppressionReason.MANUAL,
    scope: str = SuppressionScope.ALL,
    detail: str = "",
    actor: str,
) -> tuple[Suppression, bool]:
    """Suppress an address that somebody names; a repeat returns the first row.

    One that stops less for this reason is widened, never narrowed.

    Args:
        channel: a word of `Channel`.
        address: as typed; a number without a country code is one of the tenant's country.
        reason: one of `SAYABLE`.
        scope: a word of `SuppressionScope`.
        detail: why, in words; cut after `MAX_DETAIL` characters.
        actor: e-mail address of the member, or the key.

    Returns:
        The row, and whether more is stopped for this reason than before.

    Raises:
        Invalid: no address, or a reason that nobody can name; ``fields`` says which.
    """
    if reason not in SAYABLE:
        raise Invalid("Nobody can name this reason.", fields={"reason": "Nobody can name this."})
    normal = read_address(channel, address)
    same = Suppression.objects.filter(
        channel=channel, address_hash=address_hash(channel, normal), reason=reason
    )
    known = same.first()
    is_more = suppress(
        channel, normal, reason, scope, detail=detail.strip()[:MAX_DETAIL], actor=actor
    )
    row = same.get()
    if is_more:
        before = _said(known) if known else None
        after = _said(row)
        audit.record(
            "suppression.added", "suppression", row.pk, before=before, after=after, actor=actor
        )
    return row, is_more


@transaction.atomic
def end_suppression(suppression_id: int, *, actor: str) -> None:
    """Take a suppression back; the address may be contacted again as far as consent allows.

    Raises:
        NotFound: the tenant has no such suppression.
        Conflict: it keeps somebody out who was erased.
    """
    row = Suppression.objects.filter(pk=suppression_id).first()
    if row is None:
        raise NotFound("This suppression does not exist.")
    if row.reason == SuppressionReason.ERASED:
        raise Conflict("Who was erased stays suppressed.")
    if lift_many([row.pk]):
        audit.record("suppression.lifted", "suppression", row.pk, before=_said(row), actor=actor)


def read_address(channel: str, address: str) -> str:
    """Return an address in the form in which it is kept.

    Raises:
        Invalid: it is none of this channel.
    """
    if channel == Channel.EMAIL:
        found, why = normalize_email(address), "This is no email address."
    else:
        country = get_tenant(current_tenant_id()).country
        found, why = normalize_phone(address, country), "This is no phone number."
    if not found:
        raise Invalid(why, fields={"address": why})
    return found


def _said(row: Suppression) -> dict[str, str]:
    """Return what the audit trail keeps; who it is stays with the row, which can forget it."""
    return {
        "address": mask_address(row.address),
        "channel": row.channel,
        "reason": row.reason,
        "scope": row.scope,
        "until": row.until.isoformat() if row.until else "",
        "detail": row.detail,
    }
