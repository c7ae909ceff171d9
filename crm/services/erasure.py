"""Erasing people: what identifies them goes, the orders stay as figures, and they stay gone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from crm.choices import Channel, IdentityKind, StoreStatus, SuppressionReason
from crm.domain.resolution import Key
from crm.models import (
    Cart,
    EventKey,
    Identity,
    Note,
    ProbableDuplicate,
    ProfileFacts,
    ProfileMerge,
    Reaction,
    Return,
    Review,
    Store,
    Ticket,
    Touchpoint,
)
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import identifier_keys, key_hash
from crm.services.consent import suppress_hashes
from crm.services.conversations import forget_conversations
from crm.services.ids import lock_final_profiles, lock_for_merge
from crm.services.searches import forget_searches
from crm.types import DataRequestRecord, EraseRecord, StoreClosedRecord
from kernel import clock
from kernel.arrays import array
from kernel.sql import run_sql
from tenants.services import audit

BEFORE_ERASE: list[Callable[[Sequence[int]], None]] = []
"""Called with the ids of profiles that are about to be erased, while their identifiers can still
be read, in the same transaction. Filled when an app starts (`AppConfig.ready`)."""
AFTER_ERASE: list[Callable[[Sequence[int]], None]] = []
"""Called with the ids of erased profiles, in the same transaction, so that apps above forget
what they keep of them. Filled when an app starts (`AppConfig.ready`)."""

_CHANNELS = {
    str(IdentityKind.EMAIL): str(Channel.EMAIL),
    str(IdentityKind.PHONE): str(Channel.SMS),
    str(IdentityKind.CUSTOMER_ID): str(Channel.EMAIL),
}


@transaction.atomic
def erase_profiles(
    profile_ids: Iterable[int], *, actor: str = "", now: datetime | None = None
) -> list[int]:
    """Erase people for good.

    Names, addresses, properties and identifiers go. Their orders, refunds and events stay as
    figures without a profile. Digests of their identifiers stay, so that no later webhook or
    import brings them back. A repeat changes nothing.

    Args:
        profile_ids: merged ones stand for their winner; unknown ones are left out.
        actor: who asked, for the audit trail; empty is whoever sent the request.
        now: aware; the present by default.

    Returns:
        Ids of the profiles that were erased now.
    """
    at = now or clock.now()
    named = sorted(set(profile_ids))
    lock_for_merge(named)
    ids = sorted(set(lock_final_profiles(named).values()))
    if not ids:
        return []
    forget_searches(ids)
    for hook in BEFORE_ERASE:
        hook(ids)
    keys = [(row.kind, row.value_norm) for row in run_sql("crm.list_identities", ids=array(ids))]
    block_keys(keys, at)
    wanted = array(ids)
    _erase_documents(ids)
    run_sql("crm.erase_events", ids=wanted)
    run_sql("crm.erase_consent", ids=wanted)
    Identity.objects.filter(profile_id__in=ids).delete()
    Reaction.objects.filter(profile_id__in=ids).delete()
    ProfileMerge.objects.filter(Q(winner_id__in=ids) | Q(loser_id__in=ids)).delete()
    ProbableDuplicate.objects.filter(Q(one_id__in=ids) | Q(other_id__in=ids)).delete()
    ProfileFacts.objects.filter(profile_id__in=ids).delete()
    Note.objects.filter(profile_id__in=ids).delete()
    Touchpoint.objects.filter(profile_id__in=ids).delete()
    Cart.objects.filter(profile_id__in=ids).delete()
    forget_conversations(ids)
    rows = run_sql("crm.erase_profiles", ids=wanted, now=at)
    erased = sorted(row.id for row in rows if row.merged_into_id is None)
    for hook in AFTER_ERASE:
        hook(ids)
    if erased:
        what = str(erased[0]) if len(erased) == 1 else f"{len(erased)} profiles"
        audit.record("profile.erased", "profile", what, after={"profile_ids": erased}, actor=actor)
    return erased


def block_keys(keys: Iterable[Key], now: datetime) -> None:
    """Keep digests of identifiers, so that nobody comes back under them."""
    hashes = [(_CHANNELS[key[0]], key_hash(key)) for key in keys]
    suppress_hashes(hashes, SuppressionReason.ERASED, now)


def apply_erasures(batch: Batch, items: Sequence[Item[EraseRecord]]) -> None:
    """Erase the people whom privacy requests name; also those who are not known are blocked."""
    for item in items:
        record = item.record
        keys = identifier_keys(batch, record.external_id, record.email, record.phone)
        if not keys:
            batch.reject(item.index, "nobody is named")
            continue
        erased = erase_profiles(_owners(keys), now=batch.now)
        block_keys(keys, batch.now)
        batch.outcomes[item.index] = UPDATED if erased else UNCHANGED


def apply_data_requests(batch: Batch, items: Sequence[Item[DataRequestRecord]]) -> None:
    """Note requests for everything that is stored of a customer, each once."""
    for item in items:
        record = item.record
        dedupe_key = f"data_request:{batch.store_id}:{record.request_id}"
        if EventKey.objects.filter(dedupe_key=dedupe_key).exists():
            batch.outcomes[item.index] = UNCHANGED
            continue
        owners = _owners(identifier_keys(batch, record.external_id, record.email, ""))
        profile_id = owners[0] if owners else None
        batch.add_event(
            "Data Requested",
            batch.now,
            profile_id=profile_id,
            object_id=None,
            properties={"request_id": record.request_id},
            dedupe_key=dedupe_key,
        )
        audit.record(
            "profile.data_requested",
            "profile",
            profile_id or "unknown",
            after={"request_id": record.request_id, "store_id": batch.store_id},
        )
        batch.outcomes[item.index] = NEW


def apply_closures(batch: Batch, items: Sequence[Item[StoreClosedRecord]]) -> None:
    """Mark the store as uninstalled; where asked, erase everybody known through it alone."""
    for item in items:
        record = item.record
        closed = (
            Store.objects.filter(pk=batch.store_id)
            .exclude(status=StoreStatus.UNINSTALLED)
            .update(status=StoreStatus.UNINSTALLED, uninstalled_at=record.occurred_at)
        )
        if closed:
            audit.record("store.uninstalled", "store", batch.store_id)
        erased: list[int] = []
        if record.erase:
            rows = run_sql("crm.list_known_only_through", store_id=batch.store_id)
            erased = erase_profiles((row.id for row in rows), now=batch.now)
        batch.outcomes[item.index] = UPDATED if closed or erased else UNCHANGED


def _erase_documents(ids: Sequence[int]) -> None:
    """Keep that things were bought and came back, stars given and questions asked; not by whom."""
    wanted = array(ids)
    orders = run_sql("crm.erase_orders", ids=wanted)
    run_sql("crm.erase_shipments", ids=array(row.id for row in orders))
    run_sql("crm.erase_refunds", ids=wanted)
    nobody: dict[str, Any] = {"profile": None, "url": "", "source_hash": ""}
    Return.objects.filter(profile_id__in=ids).update(**nobody, note="")
    texts = dict.fromkeys(("title", "body", "author"), "")
    Review.objects.filter(profile_id__in=ids).update(**nobody, **texts)
    Ticket.objects.filter(profile_id__in=ids).update(**nobody, subject="", tags=[])


def _owners(keys: Sequence[Key]) -> list[int]:
    match = Q()
    for kind, value in keys:
        match |= Q(kind=kind, value_norm=value)
    if not keys:
        return []
    found = Identity.objects.filter(match).order_by("profile_id")
    return list(dict.fromkeys(found.values_list("profile_id", flat=True)))
