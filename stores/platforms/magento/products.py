"""Products. A configurable one has simple ones as its variants, which a pull puts into it."""

from datetime import datetime, timedelta
from typing import Final

from crm.types import ProductRecord, VariantData
from stores.platforms.fields import Json, children, identifier, money, text, whole
from stores.platforms.magento.orders import variant_of
from stores.platforms.magento.reading import attributes, moment
from stores.types import Delivery, StoreContext, Translation

ENABLED: Final = "1"
HIDDEN: Final = "1"
"""Visibility of a product that is not sold by itself."""
IMAGES: Final = "/media/catalog/product"
A_DAY: Final = timedelta(days=1)
PART: Final = "A variant is told of with the product that it belongs to"


def translate_product(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read a product; ``variants``, ``category_name`` and so on were put in when fetched."""
    if text(payload, "visibility") == HIDDEN:
        return Translation(ignored=PART)
    named = attributes(payload)
    is_enabled = text(payload, "status") == ENABLED
    external_id = identifier(payload)
    key, shop = named.get("url_key", ""), text(payload, "shop_url")
    return Translation(
        [
            ProductRecord(
                external_id=external_id,
                version_at=moment(payload, "updated_at") or delivery.arrived_at,
                title=text(payload, "name"),
                category=text(payload, "category_name"),
                brand=text(payload, "brand_name"),
                handle=key,
                url=f"{shop}/{key}.html" if shop and key else "",
                image_url=_image(payload, named, shop),
                status="active" if is_enabled else "draft",
                published_at=moment(payload, "created_at") if is_enabled else None,
                variants=_read_variants(external_id, payload, delivery.arrived_at, store),
            )
        ]
    )


def _image(payload: Json, named: dict[str, str], shop: str) -> str:
    entries = [text(each, "file") for each in children(payload, "media_gallery_entries")]
    path = named.get("image") or next((entry for entry in entries if entry), "")
    return f"{shop}{IMAGES}{path}" if shop and path.startswith("/") else ""


def _read_variants(
    product_id: str, payload: Json, at: datetime, store: StoreContext
) -> list[VariantData]:
    """A product without parts is its own variant."""
    parts = children(payload, "variants")
    if not parts:
        return [_read_variant(product_id, payload, at, store)]
    return [
        _read_variant(variant_of(product_id, identifier(each)), each, at, store) for each in parts
    ]


def _read_variant(external_id: str, item: Json, at: datetime, store: StoreContext) -> VariantData:
    price = money(item, "price", store.currency) if text(item, "price") else None
    named, compared = attributes(item), None
    if named.get("special_price") and _is_on(named, at):
        compared, price = price, money(named, "special_price", store.currency)
    return VariantData(
        external_id=external_id,
        sku=text(item, "sku"),
        title=text(item, "variant_title"),
        price_minor=price,
        compare_at_minor=compared,
        currency=store.currency if price is not None else "",
        inventory_quantity=whole(item, "quantity") if text(item, "quantity") else None,
    )


def _is_on(named: Json, at: datetime) -> bool:
    """Say whether a special price holds: it may have a first and a last day."""
    begins, ends = moment(named, "special_from_date"), moment(named, "special_to_date")
    return (begins is None or begins <= at) and (ends is None or at < ends + A_DAY)
