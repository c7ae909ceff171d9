"""What people do on site, in app and elsewhere: events, each once."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm.domain.carts import CART_UPDATED, CHECKOUT_STARTED, MAX_LINES, ORDER_COMPLETED
from crm.models import EventKey
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import Claim
from crm.types import CartItemData, CartRecord, EventRecord, NewTouch, TrackedRecord
from kernel.money import to_text

ERASED, NOBODY = "erased", "nobody"
"""Outcomes of tracked calls: of somebody who was erased, left out; of nobody who can be told from
others, kept without a profile."""


def note_behaviour(
    batch: Batch,
    events: Sequence[Item[EventRecord]],
    tracked: Sequence[Item[TrackedRecord]],
    carts: Sequence[Item[CartRecord]],
    claims: Mapping[int, Claim],
) -> None:
    """Note what people did; an event whose key was seen before ends as unchanged."""
    _note_events(batch, events, claims)
    _note_tracked(batch, tracked, claims)
    _note_carts(batch, carts, claims)


def _note_events(
    batch: Batch, items: Sequence[Item[EventRecord]], claims: Mapping[int, Claim]
) -> None:
    seen = _find_seen([item.record.dedupe_key for item in items])
    for item in items:
        claim = claims[item.index]
        if claim.profile_id is None:
            batch.reject(item.index, "erased" if claim.is_blocked else "nobody is named")
        else:
            _note(batch, item, claim.profile_id, seen)


def _note_tracked(
    batch: Batch, items: Sequence[Item[TrackedRecord]], claims: Mapping[int, Claim]
) -> None:
    """Note what people did on the site or in the app, and when they were last there."""
    seen = _find_seen([item.record.dedupe_key for item in items])
    for item in items:
        record, claim = item.record, claims[item.index]
        profile_id = claim.profile_id
        if claim.is_blocked:
            batch.outcomes[item.index] = ERASED
            continue
        if record.name:
            _note(batch, item, profile_id, seen)
            _hush(batch, item, claim)
        if profile_id is None:
            batch.outcomes[item.index] = NOBODY
            continue
        if not record.name:
            batch.outcomes[item.index] = _word(claim)
        if record.is_visit and claim.is_known:
            last = batch.seen.get(profile_id, record.occurred_at)
            batch.seen[profile_id] = max(last, record.occurred_at)
        if record.origin is not None:
            key = f"visit:{record.dedupe_key}"
            batch.touches.append(NewTouch(key, profile_id, record.occurred_at, record.origin))


def _hush(batch: Batch, item: Item[TrackedRecord], claim: Claim) -> None:
    """Let nobody react to what visitors do whom nobody knows, but for an order, which may."""
    is_new = batch.outcomes[item.index] == NEW
    if is_new and not claim.is_known and item.record.name != ORDER_COMPLETED:
        batch.hush()


def _note_carts(
    batch: Batch, items: Sequence[Item[CartRecord]], claims: Mapping[int, Claim]
) -> None:
    """Note what storefronts say of carts: each version once, the beginning of a checkout once."""
    keys = {item.index: _key_of_cart(batch, item.record) for item in items}
    seen = _find_seen([key.removeprefix("event:") for key in keys.values()])
    for item in items:
        cart, claim, key = item.record, claims[item.index], keys[item.index]
        if claim.is_blocked or claim.profile_id is None:
            batch.outcomes[item.index] = ERASED if claim.is_blocked else NOBODY
            continue
        batch.outcomes[item.index] = UNCHANGED if key in seen else NEW
        if key in seen:
            continue
        seen.add(key)
        told = [(CART_UPDATED, cart.version_at, key)]
        if cart.is_checkout:
            begun = f"checkout_started:{batch.store_id}:{cart.external_id}"
            told.insert(0, (CHECKOUT_STARTED, cart.started_at, begun))
        for name, at, dedupe_key in told:
            batch.add_event(
                name,
                at,
                profile_id=claim.profile_id,
                object_id=None,
                properties=_describe_cart(cart),
                dedupe_key=dedupe_key,
            )
            if not claim.is_known:
                batch.hush()


def _key_of_cart(batch: Batch, cart: CartRecord) -> str:
    return f"event:cart:{batch.store_id}:{cart.external_id}:{cart.version_at.isoformat()}"


def _describe_cart(cart: CartRecord) -> dict[str, Any]:
    described: dict[str, Any] = {
        "cart_id": cart.external_id,
        "is_checkout": cart.is_checkout,
        "currency": cart.currency.upper(),
        "products": [_describe_item(item, cart) for item in cart.items[:MAX_LINES]],
    }
    if cart.total_minor is not None:
        described["value"] = to_text(cart.total_minor, cart.currency)
    if cart.url:
        described["checkout_url"] = cart.url
    return described


def _describe_item(item: CartItemData, cart: CartRecord) -> dict[str, Any]:
    described = {
        "name": item.title,
        "quantity": item.quantity,
        "price": to_text(item.price_minor, cart.currency),
        "sku": item.sku,
        "product_id": item.product_external_id,
        "variant_id": item.variant_external_id,
        "url": item.url,
        "image_url": item.image_url,
    }
    return {name: value for name, value in described.items() if value not in ("", None)}


def _note(
    batch: Batch,
    item: Item[EventRecord] | Item[TrackedRecord],
    profile_id: int | None,
    seen: set[str],
) -> None:
    record = item.record
    key = f"event:{record.dedupe_key}" if record.dedupe_key else ""
    if key and key in seen:
        batch.outcomes[item.index] = UNCHANGED
        return
    seen.add(key)
    batch.outcomes[item.index] = NEW
    batch.add_event(
        record.name,
        record.occurred_at,
        profile_id=profile_id,
        object_id=None,
        properties=dict(record.properties),
        dedupe_key=key,
    )


def _find_seen(dedupe_keys: Sequence[str]) -> set[str]:
    keys = [f"event:{key}" for key in dedupe_keys if key]
    if not keys:
        return set()
    found = EventKey.objects.filter(dedupe_key__in=keys)
    return set(found.values_list("dedupe_key", flat=True))


def _word(claim: Claim) -> str:
    if claim.is_new:
        return NEW
    return UPDATED if claim.is_changed else UNCHANGED
