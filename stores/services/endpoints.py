"""Endpoints of the merchant: made, changed, tested, and deliveries posted once more."""

import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.http import may_be_asked
from kernel.scope import current_tenant_id
from kernel.secrets import encrypt
from kernel.work import ring
from stores.choices import OutgoingStatus
from stores.domain.outgoing import TYPES
from stores.models import WebhookDelivery, WebhookEndpoint
from stores.platforms.standard_webhooks import spell_secret
from stores.services.outgoing import OLD_SECRET, OUTGOING, queue_test
from tenants.services import audit

SECRET_BYTES: Final = 32
MAX_ENDPOINTS: Final = 20
MAX_URL: Final = 1_000


@dataclass(frozen=True, slots=True)
class EndpointData:
    """What an endpoint is told to be.

    Attributes:
        types: of `stores.domain.outgoing.TYPES`; none means all.
    """

    url: str
    description: str = ""
    types: Sequence[str] = field(default_factory=tuple)
    is_enabled: bool = True


@transaction.atomic
def add_endpoint(data: EndpointData, *, actor: str) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint; its secret is told this once.

    Returns:
        The endpoint, and the secret in its written form.

    Raises:
        Invalid: an address that is none, or a type that does not exist; ``fields`` says which.
        Conflict: there are as many as a tenant may have.
    """
    values = _checked(data)
    if WebhookEndpoint.objects.count() >= MAX_ENDPOINTS:
        raise Conflict(f"There are {MAX_ENDPOINTS} endpoints already. Remove one first.")
    secret = spell_secret(random.token_bytes(SECRET_BYTES))
    row = WebhookEndpoint.objects.create(**values, secret_encrypted=encrypt(secret))
    audit.record("webhook.added", "webhook", row.pk, after=values, actor=actor)
    return row, secret


@transaction.atomic
def update_endpoint(endpoint_id: int, data: EndpointData, *, actor: str) -> WebhookEndpoint:
    """Change an endpoint; one that is switched on again goes on with what waits for it.

    Raises:
        NotFound: the tenant has no such endpoint.
        Invalid: an address that is none, or a type that does not exist.
    """
    row = _lock(endpoint_id)
    values = _checked(data)
    before = {name: getattr(row, name) for name in values}
    if before == values:
        return row
    for name, value in values.items():
        setattr(row, name, value)
    if data.is_enabled:
        row.disabled_reason, row.held_until = "", None
    row.save()
    audit.record("webhook.changed", "webhook", row.pk, before=before, after=values, actor=actor)
    if data.is_enabled:
        ring(OUTGOING, current_tenant_id())
    return row


@transaction.atomic
def remove_endpoint(endpoint_id: int, *, actor: str) -> str:
    """Remove an endpoint with its deliveries; returns its address.

    Raises:
        NotFound: the tenant has no such endpoint.
    """
    row = _lock(endpoint_id)
    before = {"url": row.url, "types": row.types}
    WebhookEndpoint.objects.filter(pk=row.pk).delete()
    audit.record("webhook.removed", "webhook", endpoint_id, before=before, actor=actor)
    return row.url


@transaction.atomic
def rotate_secret(endpoint_id: int, *, actor: str) -> str:
    """Give an endpoint a new secret; the old one signs beside it for a day.

    Returns:
        The new secret in its written form.

    Raises:
        NotFound: the tenant has no such endpoint.
    """
    row = _lock(endpoint_id)
    secret = spell_secret(random.token_bytes(SECRET_BYTES))
    row.previous_secret_encrypted, row.secret_encrypted = row.secret_encrypted, encrypt(secret)
    row.rotated_at = clock.now()
    row.save(update_fields=["previous_secret_encrypted", "secret_encrypted", "rotated_at"])
    after = {"both_sign_until": (row.rotated_at + OLD_SECRET).isoformat()}
    audit.record("webhook.secret_changed", "webhook", row.pk, after=after, actor=actor)
    return secret


@transaction.atomic
def send_test(endpoint_id: int) -> None:
    """Let a test go out, which carries no data of anybody.

    Raises:
        NotFound: the tenant has no such endpoint.
        Conflict: it is switched off.
    """
    row = _lock(endpoint_id)
    if not row.is_enabled:
        raise Conflict("It is switched off. Switch it on first.")
    queue_test(row.pk)


@transaction.atomic
def replay(delivery_id: int, *, actor: str) -> WebhookDelivery:
    """Post a delivery once more with all its tries, under the ``webhook-id`` that it had.

    Raises:
        NotFound: the tenant has no such delivery.
        Conflict: it waits already, its endpoint is off, or its person was erased.
    """
    rows = WebhookDelivery.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("endpoint").filter(pk=delivery_id).first()
    if row is None:
        raise NotFound("There is no such delivery.")
    if row.status == OutgoingStatus.PENDING:
        raise Conflict("It waits to be posted already.")
    if not row.endpoint.is_enabled:
        raise Conflict("Its endpoint is switched off. Switch it on first.")
    if not row.body:
        raise Conflict("Its person was erased, and with them what it said.")
    WebhookDelivery.objects.filter(pk=row.pk).update(
        status=OutgoingStatus.PENDING, tries=0, due_at=clock.now(), claim_id=None
    )
    audit.record("webhook.replayed", "webhook", row.endpoint_id, after={"id": row.pk}, actor=actor)
    ring(OUTGOING, current_tenant_id())
    row.refresh_from_db()
    return row


def _lock(endpoint_id: int) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound("There is no such endpoint.")
    return found


def _checked(data: EndpointData) -> dict[str, object]:
    faults = {}
    url = data.url.strip()
    if len(url) > MAX_URL or not may_be_asked(url):
        faults["url"] = "Enter an address that begins with https:// and carries no password."
    unknown = sorted(set(data.types) - TYPES.keys())
    if unknown:
        faults["types"] = f"There is no type {', '.join(unknown)}."
    if faults:
        raise Invalid("The endpoint cannot be kept like this.", fields=faults)
    return {
        "url": url,
        "description": data.description.strip(),
        "types": sorted(set(data.types)),
        "is_enabled": data.is_enabled,
    }
