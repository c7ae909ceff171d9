"""What is left of variants: levels by place, items, and variants that ran out or came back."""

from crm.types import StockRecord
from stores.platforms.fields import Json, identifier, instant, text, whole
from stores.types import Delivery, StoreContext, Translation


def translate_level(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read inventory_levels/update and connect; a level of null is of a place that has none."""
    level = StockRecord(
        version_at=instant(payload, "updated_at") or delivery.arrived_at,
        item_external_id=identifier(payload, "inventory_item_id"),
        location_external_id=identifier(payload, "location_id"),
        available=whole(payload, "available") if text(payload, "available") else None,
    )
    return Translation([level])


def translate_level_end(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read inventory_levels/disconnect: the place has the item no more."""
    level = StockRecord(
        version_at=delivery.arrived_at,
        item_external_id=identifier(payload, "inventory_item_id"),
        location_external_id=identifier(payload, "location_id"),
    )
    return Translation([level])


def translate_item(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read inventory_items/create and update, which say whether an item is counted at all."""
    tracked = payload.get("tracked")
    item = StockRecord(
        version_at=instant(payload, "updated_at") or delivery.arrived_at,
        item_external_id=identifier(payload),
        is_tracked=tracked if isinstance(tracked, bool) else None,
    )
    return Translation([item])


def translate_variant_stock(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read variants/in_stock and out_of_stock, which carry the variant."""
    total = StockRecord(
        version_at=instant(payload, "updated_at") or delivery.arrived_at,
        variant_external_id=identifier(payload),
        item_external_id=text(payload, "inventory_item_id"),
        available=whole(payload, "inventory_quantity"),
        policy=read_policy(payload),
    )
    return Translation([total])


def read_policy(payload: Json) -> str:
    """Return whether a variant sells on when none is left; empty where nothing is said."""
    found = text(payload, "inventory_policy")
    return found if found in {"deny", "continue"} else ""
