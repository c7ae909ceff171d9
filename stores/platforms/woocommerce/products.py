"""Products, and the variations that WooCommerce tells of as if they were products."""

from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final

from crm.types import ProductRecord, Record, VariantData, VariantRecord
from stores.platforms.fields import Json, children, identifier, money, text, whole
from stores.platforms.woocommerce.reading import label, moment
from stores.types import Delivery, StoreContext, Translation

VARIATION: Final = "variation"
WITH_VARIATIONS: Final = ("variable", "variable-subscription")
PUBLISHED: Final = "publish"
BINNED: Final = "trash"


def translate_product(payload: Json, delivery: Delivery, store: StoreContext) -> Translation:
    """Read product.created, updated and restored."""
    return Translation([read_product(payload, delivery, store)])


def translate_product_deletion(
    payload: Json, delivery: Delivery, store: StoreContext
) -> Translation:
    """Read product.deleted, which carries the id alone.

    It also comes, with the order's id, when an order is put into the bin; that is no product here
    and changes nothing.
    """
    product = ProductRecord(
        external_id=identifier(payload), version_at=delivery.arrived_at, is_deleted=True
    )
    return Translation([product])


def read_product(payload: Json, delivery: Delivery, store: StoreContext) -> Record:
    """Read a product, or the variation of one."""
    version_at = moment(payload, "date_modified", store) or delivery.arrived_at
    if delivery.topic.endswith(".restored"):
        version_at = max(version_at, delivery.arrived_at)
    if text(payload, "type") == VARIATION:
        return VariantRecord(
            product_external_id=identifier(payload, "parent_id"),
            version_at=version_at,
            variant=_read_variant(payload, store),
            title=_title_of_parent(payload),
        )
    status, images = text(payload, "status"), children(payload, "images")
    is_public = status in (PUBLISHED, "")
    return ProductRecord(
        external_id=identifier(payload),
        version_at=version_at,
        title=label(payload, "name"),
        category=_first_name(payload, "categories"),
        brand=_first_name(payload, "brands"),
        handle=text(payload, "slug"),
        url=text(payload, "permalink"),
        image_url=text(images[0] if images else {}, "src"),
        status="active" if is_public else "draft",
        tags=[name for item in children(payload, "tags") if (name := label(item, "name"))],
        published_at=moment(payload, "date_created", store) if is_public else None,
        is_deleted=status == BINNED,
        variants=_read_variants(payload, store),
    )


def _read_variants(payload: Json, store: StoreContext) -> list[VariantData]:
    """A product without variations is its own variant; variations follow one by one."""
    if text(payload, "type") in WITH_VARIATIONS or payload.get("variations"):
        return []
    return [_read_variant(payload, store)]


def _read_variant(payload: Json, store: StoreContext) -> VariantData:
    name = "price" if text(payload, "price") else "regular_price"
    has_price = bool(text(payload, name))
    is_reduced = has_price and bool(text(payload, "sale_price") and text(payload, "regular_price"))
    return VariantData(
        external_id=identifier(payload),
        sku=text(payload, "sku"),
        title=_options(payload),
        price_minor=money(payload, name, store.currency) if has_price else None,
        compare_at_minor=money(payload, "regular_price", store.currency) if is_reduced else None,
        currency=store.currency if has_price else "",
        inventory_quantity=_stock(payload),
    )


def _options(payload: Json) -> str:
    if text(payload, "type") != VARIATION:
        return ""
    found = [label(item, "option") for item in children(payload, "attributes")]
    return " / ".join(option for option in found if option)


def _stock(payload: Json) -> int | None:
    """Return what is left; unknown where WooCommerce does not count, 0 where it says sold out."""
    found = text(payload, "stock_quantity")
    if found:
        try:
            counted = Decimal(found).to_integral_value(ROUND_FLOOR)
        except InvalidOperation:
            return whole(payload, "stock_quantity")
        return whole({"stock_quantity": str(counted)}, "stock_quantity")
    return 0 if text(payload, "stock_status") == "outofstock" else None


def _first_name(payload: Json, name: str) -> str:
    found = [label(item, "name") for item in children(payload, name)]
    return next((each for each in found if each), "")


def _title_of_parent(payload: Json) -> str:
    """A variation is called "Tee - Black": what comes before its options names the product."""
    name, options = label(payload, "name"), _options(payload)
    return name.partition(" - ")[0] if options else name
