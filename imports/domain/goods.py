"""Products, their variants and their stock out of rows. Pure.

A cell that is empty says nothing: what the catalogue knows stays. Only a price speaks for the
compare-at price of its row too, for a price that is no reduction any more has none beside it.
Which product or variant a row means is found out later (`imports.services.goods`).
"""

from collections.abc import Sequence
from datetime import date

from crm.choices import InventoryPolicy
from crm.domain.checking import EARLIEST, MAX_QUANTITY
from crm.types import ProductRecord, Record, StockRecord, VariantData
from imports.domain.values import normal_word, plain_number, read_money, read_time, without_quote
from imports.types import Options, Refused, Row
from kernel.formats import find_zone

_PARENT_ID = "id:"
_OF_VARIANT = ("variant_id", "sku", "variant_title", "price", "compare_at", "quantity", "policy")
_STATUSES = {
    **dict.fromkeys(("active", "publish", "published", "true", "yes", "1"), "active"),
    **dict.fromkeys(("draft", "pending", "private", "false", "no", "0", "-1", "1 draft"), "draft"),
    "archived": "archived",
}
_POLICIES = {
    **dict.fromkeys(("deny", "no", "false", "0", "stop", "stops selling"), InventoryPolicy.DENY),
    **dict.fromkeys(
        ("continue", "yes", "true", "1", "notify", "backorder", "allow"), InventoryPolicy.CONTINUE
    ),
}


def product_keys(row: Row) -> list[str]:
    """Return what makes two rows be about variants of the same product."""
    if parent := _parent(row):
        return [f"product:{parent}"]
    name = _product_name(row)
    keys = [f"product:{name}"] if name else []
    if _has_parts(row) and row.get("sku"):
        keys.append(f"product:{row.get('sku')}")
    return keys


def stock_keys(row: Row) -> list[str]:
    """Return what makes two rows be about the same variant."""
    if found := without_quote(row.get("variant_id")):
        return [f"id:{found}"]
    return [f"sku:{sku}"] if (sku := without_quote(row.get("sku"))) else []


def read_product(rows: Sequence[Row], options: Options) -> list[Record]:
    """Turn the rows of one product into the product with its variants.

    Raises:
        Refused: no product is named, a variant is named twice, or a value cannot be read.
    """
    heads = [row for row in rows if not _parent(row)]
    name = _product_name(heads[0]) if heads else _parent(rows[0])
    if not name:
        raise Refused("No product is named: there is no product id, handle or SKU.")
    variants = [_read_variant(row, name, options) for row in rows if _is_variant(row)]
    twice = [each.external_id for each in variants]
    if len(set(twice)) < len(twice):
        again = next(each for each in twice if twice.count(each) > 1)
        raise Refused(f"Two rows of the product are about the variant “{again[:60]}”.")
    head = heads or rows
    return [
        ProductRecord(
            external_id=name,
            version_at=EARLIEST,
            title=_say(heads, "title"),
            category=_category(head),
            brand=_say(head, "brand"),
            handle=_say(heads, "handle"),
            url=_say(head, "url"),
            image_url=_say(head, "image").split(", ")[0].strip(),
            status=_read_status(_say(heads, "status")),
            tags=[tag.strip() for tag in _say(head, "tags").split(",") if tag.strip()],
            variants=variants,
        )
    ]


def read_stock(row: Row, options: Options) -> list[Record]:
    """Turn a row into what is left of one variant.

    Raises:
        Refused: no variant is named, nothing is said of it, or a value cannot be read.
    """
    variant_id, sku = without_quote(row.get("variant_id")), without_quote(row.get("sku"))
    if not (variant_id or sku):
        raise Refused("No variant is named: there is no variant id and no SKU.")
    quantity, policy = _read_quantity(row, options), _read_policy(row)
    back_on = _read_day(row, options)
    if quantity is None and not policy and back_on is None:
        raise Refused("The row says neither how many are left, nor a policy, nor a day.")
    return [
        StockRecord(
            version_at=EARLIEST,
            variant_external_id=variant_id,
            sku="" if variant_id else sku,
            available=quantity,
            policy=policy,
            back_on=back_on,
            tells_level=quantity is not None,
            needs_variant=True,
        )
    ]


def _parent(row: Row) -> str:
    return without_quote(row.get("parent")).removeprefix(_PARENT_ID).strip()


def _has_parts(row: Row) -> bool:
    return row.get("kind").lower().startswith("variable")


def _product_name(row: Row) -> str:
    return without_quote(row.get("product_id")) or row.get("handle") or row.get("sku")


def _is_variant(row: Row) -> bool:
    return not _has_parts(row) and any(row.get(name) for name in _OF_VARIANT)


def _read_variant(row: Row, product: str, options: Options) -> VariantData:
    own_id = "product_id" if _parent(row) else "variant_id"
    sku = without_quote(row.get("sku"))
    price = _read_price(row, "price", "Price", options)
    compared = _read_price(row, "compare_at", "Compare-at price", options)
    if price is None:
        price, compared = compared, None
    quantity, policy = _read_quantity(row, options), _read_policy(row)
    options_of = [row.get(name) for name in ("variant_title", "option2", "option3")]
    return VariantData(
        external_id=without_quote(row.get(own_id)) or sku or product,
        sku=sku,
        title=" / ".join(text for text in options_of if text),
        price_minor=price,
        compare_at_minor=compared,
        currency=options.currency if price is not None else "",
        inventory_quantity=quantity,
        inventory_policy=policy,
        back_on=_read_day(row, options),
        tells_stock=quantity is not None,
    )


def _read_price(row: Row, target: str, label: str, options: Options) -> int | None:
    text = row.get(target)
    if not text:
        return None
    minor = read_money(text, label, options.currency, options)
    if minor < 0:
        raise Refused(f"{label} “{text[:40]}” is below zero.")
    return minor


def _read_quantity(row: Row, options: Options) -> int | None:
    text = row.get("quantity")
    if not text:
        return None
    whole, _, rest = plain_number(text, options).partition(".")
    if not whole.lstrip("+-").isdecimal() or rest.strip("0"):
        raise Refused(f"Stock “{text[:40]}” is not a whole number.")
    quantity = int(whole)
    if abs(quantity) > MAX_QUANTITY:
        raise Refused(f"Stock “{text[:40]}” is too large.")
    return quantity


def _read_policy(row: Row) -> str:
    text = row.get("policy")
    if not text:
        return ""
    if policy := _POLICIES.get(normal_word(text)):
        return str(policy)
    raise Refused(f"Policy “{text[:40]}” is not known; write deny or continue.")


def _read_day(row: Row, options: Options) -> date | None:
    at = read_time(row.get("back_on"), "Expected on", options)
    return None if at is None else at.astimezone(find_zone(options.timezone)).date()


def _read_status(text: str) -> str:
    """Return a status of the catalogue; empty where nothing is said."""
    if not text:
        return ""
    if status := _STATUSES.get(normal_word(text)):
        return status
    raise Refused(f"Status “{text[:40]}” is not known; write active, draft or archived.")


def _category(rows: Sequence[Row]) -> str:
    """Return the category; of an export of WooCommerce, which lists several, the first one."""
    text = _say(rows, "category")
    return text.split(",")[0].strip() if any(row.get("kind") for row in rows) else text


def _say(rows: Sequence[Row], target: str) -> str:
    return next((row.get(target) for row in rows if row.get(target)), "")
