"""Products with their variants."""

from crm.types import ProductRecord, VariantData
from stores.platforms.fields import (
    Json,
    child,
    children,
    identifier,
    instant,
    money,
    text,
    whole,
    words,
)
from stores.platforms.shopify.inventory import read_policy
from stores.types import Delivery, StoreContext, Translation


def translate_product(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read products/create and update."""
    images = children(payload, "images")
    return Translation(
        [
            ProductRecord(
                external_id=identifier(payload),
                version_at=instant(payload, "updated_at") or delivery.arrived_at,
                title=text(payload, "title"),
                category=text(payload, "product_type"),
                brand=text(payload, "vendor"),
                handle=text(payload, "handle"),
                url=_address(payload, delivery),
                image_url=text(child(payload, "image"), "src")
                or text(images[0] if images else {}, "src"),
                status=text(payload, "status") or "active",
                tags=words(payload, "tags"),
                published_at=instant(payload, "published_at"),
                variants=[_read_variant(item, store) for item in children(payload, "variants")],
            )
        ]
    )


def translate_product_deletion(
    payload: Json, delivery: Delivery, store: StoreContext
) -> Translation:
    """Read products/delete, which carries the id alone."""
    product = ProductRecord(
        external_id=identifier(payload), version_at=delivery.arrived_at, is_deleted=True
    )
    return Translation([product])


def _address(payload: Json, delivery: Delivery) -> str:
    """A webhook names the shop in its headers, a pull in the body."""
    domain = delivery.headers.get("shopify-shop-domain") or text(payload, "shop_domain")
    handle = text(payload, "handle")
    return f"https://{domain}/products/{handle}" if domain and handle else ""


def _read_variant(payload: Json, store: StoreContext) -> VariantData:
    price, compared = text(payload, "price"), text(payload, "compare_at_price")
    stock = text(payload, "inventory_quantity")
    return VariantData(
        external_id=identifier(payload),
        sku=text(payload, "sku"),
        title=text(payload, "title"),
        price_minor=money(payload, "price", store.currency) if price else None,
        compare_at_minor=(
            money(payload, "compare_at_price", store.currency) if price and compared else None
        ),
        currency=store.currency if price else "",
        inventory_quantity=whole(payload, "inventory_quantity") if stock else None,
        inventory_policy=read_policy(payload),
        inventory_item=text(payload, "inventory_item_id"),
        is_tracked=_is_tracked(payload),
    )


def _is_tracked(payload: Json) -> bool | None:
    """Say whether somebody counts a variant; newer payloads leave that to its inventory item."""
    if "inventory_management" not in payload:
        return None
    return bool(text(payload, "inventory_management"))
