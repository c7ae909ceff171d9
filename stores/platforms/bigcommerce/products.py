"""Products of V3 with their variants. Names of brand and categories are put in when fetched."""

from decimal import Decimal
from typing import Final

from crm.types import ProductRecord, VariantData
from stores.errors import Untranslatable
from stores.platforms.bigcommerce.reading import moment
from stores.platforms.fields import Json, amount, child, children, identifier, text, whole
from stores.types import Delivery, StoreContext, Translation

COUNTED: Final = ("product", "variant")


def translate_product(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read a product."""
    is_visible = payload.get("is_visible") is not False
    return Translation(
        [
            ProductRecord(
                external_id=identifier(payload),
                version_at=moment(payload, "date_modified") or delivery.arrived_at,
                title=text(payload, "name"),
                category=text(payload, "category_name"),
                brand=text(payload, "brand_name"),
                handle=text(child(payload, "custom_url"), "url").strip("/"),
                url=text(payload, "page_url"),
                image_url=_image(payload),
                status="active" if is_visible else "draft",
                tags=[
                    word.strip()
                    for word in text(payload, "search_keywords").split(",")
                    if word.strip()
                ],
                published_at=moment(payload, "date_created") if is_visible else None,
                variants=_read_variants(payload, store),
            )
        ]
    )


def translate_gone(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read that a product is gone: its page answers 404."""
    record = ProductRecord(
        external_id=identifier(payload), version_at=delivery.arrived_at, is_deleted=True
    )
    return Translation([record])


def _image(payload: Json) -> str:
    images = [child(payload, "primary_image"), *children(payload, "images")]
    shown = next((each for each in images if each.get("is_thumbnail") is True), None)
    first = shown or next((each for each in images if each), {})
    return text(first, "url_standard") or text(first, "url_zoom")


def _read_variants(payload: Json, store: StoreContext) -> list[VariantData]:
    """Every product has at least one variant; without it stays what is known."""
    return [_read_variant(payload, item, store) for item in children(payload, "variants")]


def _read_variant(product: Json, item: Json, store: StoreContext) -> VariantData:
    price = _price(product, item, store)
    tracking = text(product, "inventory_tracking")
    options = [text(each, "label") for each in children(item, "option_values")]
    return VariantData(
        external_id=identifier(item),
        sku=text(item, "sku") or text(product, "sku"),
        title=" / ".join(option for option in options if option),
        price_minor=price,
        compare_at_minor=_full_price(product, item, store),
        currency=store.currency if price is not None else "",
        inventory_quantity=_left(product, item, tracking),
        is_tracked=tracking in COUNTED if tracking else None,
    )


def _price(product: Json, item: Json, store: StoreContext) -> int | None:
    """Return what is asked for a variant: its sale price where it has one, else its price.

    A variant without a price of its own has that of the product; 0 is no sale price.
    """
    for place in (item, product):
        for name in ("sale_price", "price"):
            found = text(place, name)
            if found and (_worth(found, name) or name == "price"):
                return amount(found, store.currency, name)
    return None


def _full_price(product: Json, item: Json, store: StoreContext) -> int | None:
    """Return what a variant costs when it is not on sale."""
    found = text(item, "price") or text(product, "price")
    return amount(found, store.currency, "price") if found else None


def _worth(found: str, name: str) -> Decimal:
    try:
        return Decimal(found)
    except ArithmeticError as exc:
        raise Untranslatable(f"{name}: {found[:60]!r} is not an amount; write 12.50") from exc


def _left(product: Json, item: Json, tracking: str) -> int | None:
    """Return what is left; unknown where BigCommerce does not count."""
    if tracking not in COUNTED:
        return None
    return whole(item if tracking == "variant" else product, "inventory_level")
