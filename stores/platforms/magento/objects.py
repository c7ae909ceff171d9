"""Whole objects: what a list leads to, with everything that hangs on it, asked for together.

Each object leaves here as the body that `platform.py` reads, whether a pull or an event asked.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from stores.platforms.magento.api import Api, Item, NotThere
from stores.platforms.magento.reading import attributes
from stores.types import Pulled, StoreAccess

STAGES: Final = ("products", "customers", "orders")
PATHS: Final = {"products": "products", "customers": "customers/search", "orders": "orders"}
KINDS: Final = {"products": "product", "customers": "customer", "orders": "order"}
IDS: Final = {"products": "id", "customers": "id", "orders": "entity_id"}
BRAND: Final = "manufacturer"
GONE: Final = ".gone"
"""How the topic ends of an object that there is no more."""


def objects_of(found: Any) -> list[Item]:
    """Return the objects of a list; anything else in it is passed over."""
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def pack(kind: str, name: str, item: Mapping[str, Any]) -> Pulled:
    """Return an object as `platform.py` reads it."""
    body = json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")
    return Pulled(name=f"{kind}:{name}", topic=kind, body=body)


def pack_gone(kind: str, name: str) -> Pulled:
    """Return that an object is gone, as `platform.py` reads it."""
    body = json.dumps({"id": name}).encode()
    return Pulled(name=f"{kind}:{name}", topic=kind + GONE, body=body)


def _complete_orders(api: Api, access: StoreAccess, orders: list[Item]) -> list[Pulled]:
    """Put credit memos and parcels beside the orders that have some; one request each."""
    refunded = [_id(order) for order in orders if _is_told(order.get("total_refunded"))]
    shipped = [_id(order) for order in orders if _has_parcels(order)]
    memos = _by_order(api.list_of("creditmemos", "order_id", refunded))
    parcels = _by_order(api.list_of("shipments", "order_id", shipped))
    return [
        pack(
            "order",
            _id(order),
            {
                "order": order,
                "creditmemos": memos[_id(order)],
                "shipments": parcels[_id(order)],
            },
        )
        for order in orders
    ]


def _id(order: Item) -> str:
    return str(order.get("entity_id", ""))


def _is_told(amount: Any) -> bool:
    return bool(str(amount or "").strip("0."))


def _has_parcels(order: Item) -> bool:
    return any(_is_told(item.get("qty_shipped")) for item in objects_of(order.get("items")))


def _by_order(items: Sequence[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[str(item.get("order_id"))].append(item)
    return found


def _complete_customers(api: Api, access: StoreAccess, customers: list[Item]) -> list[Pulled]:
    website = access.credentials.get("website", "").strip()
    return [
        pack("customer", str(item.get("id", "")), {**item, "website_code": website})
        for item in customers
    ]


def _complete_products(api: Api, access: StoreAccess, products: list[Item]) -> list[Pulled]:
    """Put variants, stock, and the names of category and brand into products."""
    parts = _load_parts(api, products)
    left = _load_stock(api, [*products, *parts.values()])
    categories = _load_categories(api, products)
    brands = _load_brands(api, products)
    for item in (*products, *parts.values()):
        item["quantity"] = left.get(str(item.get("sku")), "")
    for item in products:
        item["variants"] = [parts[each] for each in _links(item) if each in parts]
        item["category_name"] = categories.get(_first_category(item), "")
        item["brand_name"] = brands.get(attributes(item).get(BRAND, ""), "")
        item["shop_url"] = access.url
    return [pack("product", str(item.get("id", "")), item) for item in products]


def _links(product: Item) -> list[str]:
    """Return the ids of the simple products of a configurable one."""
    extension = product.get("extension_attributes")
    links = extension.get("configurable_product_links") if isinstance(extension, dict) else None
    return [str(each) for each in links] if isinstance(links, list) else []


def _load_parts(api: Api, products: Sequence[Item]) -> dict[str, Item]:
    wanted = [each for product in products for each in _links(product)]
    found = api.list_of("products", "entity_id", wanted)
    named = {each: str(product.get("name", "")) for product in products for each in _links(product)}
    for item in found:
        parent, own = named.get(str(item.get("id")), ""), str(item.get("name", ""))
        item["variant_title"] = own.removeprefix(parent).strip(" -/") or own
    return {str(item.get("id")): item for item in found}


def _load_stock(api: Api, products: Sequence[Item]) -> dict[str, str]:
    """Return pieces by SKU, over all sources; empty where the shop has no inventory API."""
    try:
        items = api.list_of(
            "inventory/source-items", "sku", [str(item.get("sku")) for item in products]
        )
    except NotThere:
        return {}
    left: dict[str, float] = defaultdict(float)
    for item in items:
        left[str(item.get("sku"))] += float(item.get("quantity") or 0)
    return {sku: str(int(number)) for sku, number in left.items()}


def _first_category(product: Item) -> str:
    extension = product.get("extension_attributes")
    links = objects_of(extension.get("category_links") if isinstance(extension, dict) else None)
    return str(links[0].get("category_id")) if links else ""


def _load_categories(api: Api, products: Sequence[Item]) -> dict[str, str]:
    wanted = [each for product in products if (each := _first_category(product))]
    found = api.list_of("categories/list", "entity_id", wanted)
    return {str(item.get("id")): str(item.get("name", "")) for item in found}


def _load_brands(api: Api, products: Sequence[Item]) -> dict[str, str]:
    """Return the names of manufacturers, which are options of an attribute."""
    if not any(attributes(product).get(BRAND) for product in products):
        return {}
    try:
        found = objects_of(api.get(f"products/attributes/{BRAND}/options"))
    except NotThere:
        return {}
    return {str(item.get("value")): str(item.get("label", "")) for item in found}


COMPLETE: Final[dict[str, Callable[[Api, StoreAccess, list[Item]], list[Pulled]]]] = {
    "products": _complete_products,
    "customers": _complete_customers,
    "orders": _complete_orders,
}
"""By stage: objects of one page, each with what hangs on it."""
