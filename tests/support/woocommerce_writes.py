"""The writing side of the stand-in for WooCommerce: batches of coupons, customers and webhooks."""

from collections.abc import Collection, Mapping
from typing import Any

Objects = dict[str, list[dict[str, Any]]]

_COUPON: dict[str, Any] = {
    "discount_type": "percent",
    "date_expires_gmt": None,
    "usage_limit": None,
    "usage_limit_per_user": None,
    "free_shipping": False,
    "minimum_amount": "0.00",
    "product_ids": [],
    "excluded_product_ids": [],
    "product_categories": [],
    "excluded_product_categories": [],
    "email_restrictions": [],
    "meta_data": [],
}


def apply_batch(
    objects: Objects, made: list[str], path: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Do what a batch says; each part ends by itself, as in a shop."""
    if path == "customers/batch":
        return {"update": [_customer(objects, made, each) for each in body["update"]]}
    return {
        "create": [_create(objects, made, each) for each in body["create"]],
        "update": [_end(objects, made, each) for each in body["update"]],
    }


def change_hooks(
    hooks: list[dict[str, Any]], body: Mapping[str, Any], refused: Collection[str]
) -> dict[str, Any]:
    """Do what a batch says of webhooks; what they are signed with is never told."""
    answer: dict[str, Any] = {"create": [], "update": [], "delete": []}
    for told in body.get("create", ()):
        if told["topic"] in refused:
            name = "woocommerce_rest_shop_webhook_invalid_topic"
            answer["create"].append(_error(0, name, "Webhook topic must be valid."))
            continue
        hook = {**told, "id": 1 + max((each["id"] for each in hooks), default=0)}
        hooks.append(hook)
        answer["create"].append(hide_secret(hook))
    for told in body.get("update", ()):
        [hook] = [each for each in hooks if each["id"] == told["id"]]
        hook.update(told)
        answer["update"].append(hide_secret(hook))
    gone = set(body.get("delete", ()))
    answer["delete"] = [hide_secret(hook) for hook in hooks if hook["id"] in gone]
    hooks[:] = [hook for hook in hooks if hook["id"] not in gone]
    return answer


def hide_secret(hook: Mapping[str, Any]) -> dict[str, Any]:
    """Return a webhook as the API tells it."""
    return {name: value for name, value in hook.items() if name != "secret"}


def _error(number: int, code: str, message: str) -> dict[str, Any]:
    return {"id": number, "error": {"code": code, "message": message, "data": {"status": 400}}}


def _customer(objects: Objects, made: list[str], told: Mapping[str, Any]) -> dict[str, Any]:
    for customer in objects["customers"]:
        if customer["id"] == told["id"]:
            before = {each["key"]: each["value"] for each in customer["meta_data"]}
            after = before | {each["key"]: each["value"] for each in told["meta_data"]}
            after = {key: value for key, value in after.items() if value is not None}
            if after != before:
                made.append(f"customer {told['id']}")
            customer["meta_data"] = [
                {"id": place, "key": key, "value": value}
                for place, (key, value) in enumerate(after.items(), 1)
            ]
            return customer
    return _error(told["id"], "woocommerce_rest_invalid_id", "Invalid resource ID.")


def _create(objects: Objects, made: list[str], told: Mapping[str, Any]) -> dict[str, Any]:
    code = told["code"].lower()
    if any(each["code"] == code for each in objects["coupons"]):
        name = "woocommerce_rest_coupon_code_already_exists"
        return _error(0, name, "The coupon code already exists")
    given = {name: value for name, value in told.items() if value is not None}
    coupon = {
        **_COUPON,
        **given,
        "id": len(objects["coupons"]) + 1,
        "code": code,
        "amount": f"{float(told['amount']):.2f}",
        "minimum_amount": f"{float(told['minimum_amount']):.2f}",
    }
    objects["coupons"].append(coupon)
    made.append(f"create {code}")
    return coupon


def _end(objects: Objects, made: list[str], told: Mapping[str, Any]) -> dict[str, Any]:
    for coupon in objects["coupons"]:
        if coupon["id"] == told["id"]:
            coupon.update(told)
            made.append(f"end {coupon['code']}")
            return coupon
    return _error(told["id"], "woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.")
