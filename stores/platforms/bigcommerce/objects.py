"""Whole objects: what a list or an id leads to, with everything that hangs on it.

Each object leaves here as the body that `platform.py` reads, whether a pull or a webhook asked.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urljoin

from stores.platforms.bigcommerce import naming
from stores.platforms.bigcommerce.api import Api, Item, NotThere, ids
from stores.platforms.bigcommerce.orders import has_coupons, is_refunded, is_shipped, lines_of
from stores.types import Pulled

ORDER_PARAMS: Final = {"include": "consignments.line_items", "consignment_structure": "object"}
CUSTOMER_PARAMS: Final = {"include": "addresses,attributes,formfields"}
PRODUCT_PARAMS: Final = {"include": "variants,images"}
CUSTOMERS: Final = "v3/customers"
SUBSCRIBERS: Final = "v3/customers/subscribers"
PRODUCTS: Final = "v3/catalog/products"
ORDERS: Final = "v2/orders"
REFUNDS: Final = "v3/orders/payment_actions/refunds"
GONE: Final = ".gone"
"""How the topic ends of an object that answers 404."""


def load_orders(api: Api, wanted: Sequence[str]) -> dict[str, Item | None]:
    """Return orders by id, one request each; None for one that is gone."""
    found: dict[str, Item | None] = {}
    for each in wanted:
        try:
            order = api.get(f"{ORDERS}/{each}", ORDER_PARAMS)
        except NotThere:
            order = None
        found[each] = order if isinstance(order, dict) else None
    known = [order for order in found.values() if order is not None]
    whole = {str(item["order"].get("id")): item for item in complete_orders(api, known)}
    return {each: whole.get(each) for each in wanted}


def complete_orders(api: Api, orders: Sequence[Item], *, with_parcels: bool = True) -> list[Item]:
    """Put to each order its lines, coupons, refunds and parcels.

    What an order says tells which of them there can be, so that most orders cost nothing more.
    """
    refunds = _refunds_of(api, [order for order in orders if is_refunded(order)])
    return [
        {
            "order": {name: value for name, value in order.items() if name != "consignments"},
            "products": _lines(api, order),
            "shipping_addresses": _places(order),
            "coupons": _part(api, order, "coupons") if has_coupons(order) else [],
            "refunds": refunds[str(order.get("id"))],
            "shipments": _part(api, order, "shipments")
            if with_parcels and is_shipped(order)
            else [],
        }
        for order in orders
    ]


def load_customers(api: Api, wanted: Sequence[str]) -> dict[str, Item | None]:
    """Return customers by id, in one request; None for one that is gone."""
    params = {**CUSTOMER_PARAMS, "id:in": ids(wanted), "limit": str(len(wanted))}
    return _by_id(name_attributes(api, api.list_v3(CUSTOMERS, params)), wanted)


def name_attributes(api: Api, customers: list[Item]) -> list[Item]:
    """Put the names of attributes to their values, which carry only numbers."""
    valued = [each for item in customers for each in item.get("attributes") or ()]
    if not valued:
        return customers
    known = api.list_whole("v3/customers/attributes")
    names = {item.get("id"): item.get("name") for item in known}
    for each in valued:
        if isinstance(each, dict):
            each["name"] = names.get(each.get("attribute_id"), "")
    return customers


def load_subscribers(api: Api, wanted: Sequence[str]) -> dict[str, Item | None]:
    """Return subscribers by id, in one request."""
    params = {"id:in": ids(wanted), "limit": str(len(wanted))}
    return _by_id(api.list_v3(SUBSCRIBERS, params), wanted)


def load_products(api: Api, wanted: Sequence[str], shop: str) -> dict[str, Item | None]:
    """Return products by id, in one request and two for names; None for one that is gone."""
    params = {**PRODUCT_PARAMS, "id:in": ids(wanted), "limit": str(len(wanted))}
    return _by_id(name_groups(api, api.list_v3(PRODUCTS, params), shop), wanted)


def name_groups(api: Api, products: list[Item], shop: str) -> list[Item]:
    """Put the names of brand and first category to products, and their page's whole address.

    Args:
        api: the shop.
        products: of V3.
        shop: address of the shop.
    """
    brands = _names(api, "v3/catalog/brands", (item.get("brand_id") for item in products))
    categories = _names(api, "v3/catalog/categories", (_first(item) for item in products))
    for item in products:
        item["brand_name"] = brands.get(str(item.get("brand_id")), "")
        item["category_name"] = categories.get(str(_first(item)), "")
        place = item.get("custom_url")
        path = place.get("url") if isinstance(place, dict) else ""
        item["page_url"] = urljoin(f"{shop}/", str(path)) if shop and path else ""
        item.pop("description", None)
    return products


def load_checkouts(api: Api, wanted: Sequence[str]) -> dict[str, Item | None]:
    """Return checkouts by the id of their cart, one request each; None for one that is gone."""
    found: dict[str, Item | None] = {}
    for each in wanted:
        try:
            answer = api.get(f"v3/checkouts/{each}")
        except NotThere:
            answer = None
        data = answer.get("data") if isinstance(answer, dict) else None
        found[each] = data if isinstance(data, dict) else None
    return found


def pack(kind: str, item: Mapping[str, Any], name: str) -> Pulled:
    """Return an object as `platform.py` reads it."""
    body = json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")
    return Pulled(name=f"{kind}:{name}", topic=kind, body=body)


def pack_gone(kind: str, name: str) -> Pulled:
    """Return that an object is gone, as `platform.py` reads it."""
    body = json.dumps({"id": name}).encode()
    return Pulled(name=f"{kind}:{name}", topic=kind + GONE, body=body)


def pack_order(item: Item) -> Pulled:
    """Return a completed order as `platform.py` reads it."""
    return pack(naming.ORDER, item, str(item["order"].get("id", "")))


def _lines(api: Api, order: Item) -> list[Any]:
    """Return the lines of an order; a shop that does not put them into it is asked for them."""
    return lines_of(order) or api.list_v2(f"{ORDERS}/{order.get('id')}/products", {"limit": "250"})


def _places(order: Item) -> list[Any]:
    """Return where an order is sent to: its parcels, in both structures there are."""
    parts = order.get("consignments")
    found = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    if isinstance(parts, dict):
        found = [parts]
    return [
        {name: value for name, value in place.items() if name != "line_items"}
        for part in found
        for place in part.get("shipping") or ()
        if isinstance(place, dict)
    ]


def _part(api: Api, order: Item, name: str) -> list[Item]:
    try:
        return api.list_v2(f"{ORDERS}/{order.get('id')}/{name}")
    except NotThere:
        return []


def _refunds_of(api: Api, orders: Sequence[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    if orders:
        wanted = ids([str(order.get("id")) for order in orders])
        for item in api.list_whole(REFUNDS, {"order_id:in": wanted}):
            found[str(item.get("order_id"))].append(item)
    return found


def _first(product: Item) -> Any:
    found = product.get("categories")
    return found[0] if isinstance(found, list) and found else None


def _names(api: Api, path: str, wanted: Iterable[Any]) -> dict[str, str]:
    numbers = sorted({str(each) for each in wanted if each})
    if not numbers:
        return {}
    found = api.list_whole(path, {"id:in": ids(numbers), "include_fields": "name"})
    return {str(item.get("id")): str(item.get("name") or "") for item in found}


def _by_id(items: Iterable[Item], wanted: Sequence[str]) -> dict[str, Item | None]:
    known = {str(item.get("id")): item for item in items}
    return {each: known.get(each) for each in wanted}
