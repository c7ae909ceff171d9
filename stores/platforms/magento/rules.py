"""Cart price rules of Magento: the terms of a code in its words, and back. Pure.

A rule knows days alone, of the shop's calendar, both included. So a code ends with the day on
which it shall, and one that shall begin within a later day is not made.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from stores.domain.codes import AMOUNT, FREE_SHIPPING, PERCENT, spell
from stores.platforms.fields import Json, child, children, text

WITHIN_A_DAY: Final = (
    "Magento begins a code with a day, not within one; ask for it when it begins, or let it begin "
    "at midnight"
)
SPECIFIC: Final = "SPECIFIC_COUPON"
SHIPMENT: Final = "2"
"""Free shipping for the whole shipment."""
_MODEL: Final = "Magento\\SalesRule\\Model\\Rule\\Condition\\"
_LEAST: Final = "base_subtotal"
_ACTIONS: Final = {PERCENT: "by_percent", AMOUNT: "cart_fixed", FREE_SHIPPING: "by_percent"}
_KINDS: Final = {"by_percent": PERCENT, "cart_fixed": AMOUNT}
_WORDS: Final = {PERCENT: "{} per cent off", AMOUNT: "{} off", FREE_SHIPPING: "free shipping"}
_SIGNS: Final = 12
_MIDNIGHT: Final = datetime.min.time()
_DAY: Final = len("2026-06-01")


def find_fault(value: Mapping[str, Any], zone: str) -> str:
    """Return why a rule cannot say when a code begins, for people; empty: it can."""
    terms = value["terms"]
    begins = datetime.fromisoformat(terms["starts_at"]).astimezone(ZoneInfo(zone))
    is_later = terms["starts_at"] > value["asked_at"]
    return WITHIN_A_DAY if is_later and begins.time() != _MIDNIGHT else ""


def has_own_rule(terms: Mapping[str, Any]) -> bool:
    """Say whether a code has a rule of its own: a rule counts customers over all its codes.

    A code that can be used only once at all needs no count.
    """
    return bool(terms["once_per_customer"]) and terms["usage_limit"] != 1


def spell_rule(value: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Return the rule that gives what a code shall; websites and groups of customers are lacking.

    Args:
        value: of a wish for a code.
        zone: of the shop.
    """
    terms = value["terms"]
    is_shipping = terms["kind"] == FREE_SHIPPING
    is_own = has_own_rule(terms)
    rule: dict[str, Any] = {
        "from_date": _day(terms["starts_at"], zone),
        "uses_per_customer": 1 if is_own else 0,
        "uses_per_coupon": terms["usage_limit"] or 0,
        "is_active": True,
        "stop_rules_processing": False,
        "is_advanced": True,
        "sort_order": 0,
        "simple_action": _ACTIONS[terms["kind"]],
        "discount_amount": float(terms["amount"] or 0),
        "discount_step": 0,
        "apply_to_shipping": False,
        "times_used": 0,
        "is_rss": False,
        "coupon_type": SPECIFIC,
        "use_auto_generation": True,
        "simple_free_shipping": SHIPMENT if is_shipping else "0",
    }
    if terms["ends_at"]:
        rule["to_date"] = _day(terms["ends_at"], zone)
    if terms["minimum"]:
        rule["condition"] = _at_least(terms["minimum"])
    told = [rule, value["code"].upper()] if is_own else rule
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:_SIGNS]
    words = _WORDS[terms["kind"]].format(terms["amount"])
    return {"name": f"Patron {words} {digest}", "description": "Made by Patron", **rule}


def read_terms(rule: Json, value: Mapping[str, Any], zone: str) -> dict[str, Any] | None:
    """Return what a rule gives in our words; None: it gives what Patron never does.

    Args:
        rule: as the shop tells it.
        value: of the wish that it is compared with, of which it knows only the days.
        zone: of the shop.
    """
    kind = _read_kind(rule)
    minimum = _read_least(child(rule, "condition"))
    is_narrowed = bool(children(child(rule, "action_condition"), "conditions"))
    is_usable = rule.get("is_active") is True and text(rule, "coupon_type") == SPECIFIC
    if kind is None or minimum is None or is_narrowed or not is_usable:
        return None
    terms = value["terms"]
    begins, ends = text(rule, "from_date")[:_DAY], text(rule, "to_date")[:_DAY]
    has_begun = not begins or begins <= _day(terms["starts_at"], zone)
    is_last = ends == (_day(terms["ends_at"], zone) if terms["ends_at"] else "")
    return {
        "kind": kind,
        "amount": spell(text(rule, "discount_amount")) if kind != FREE_SHIPPING else "0",
        "starts_at": terms["starts_at"] if has_begun else begins,
        "ends_at": terms["ends_at"] if is_last else ends or None,
        "minimum": minimum or None,
        "usage_limit": int(rule.get("uses_per_coupon") or 0) or None,
        "once_per_customer": _is_once(rule, terms),
    }


def _is_once(rule: Json, terms: Mapping[str, Any]) -> bool:
    uses = int(rule.get("uses_per_customer") or 0)
    is_single = int(rule.get("uses_per_coupon") or 0) == 1
    return uses == 1 or (uses == 0 and is_single and bool(terms["once_per_customer"]))


def _day(at: str, zone: str) -> str:
    return datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).date().isoformat()


def _at_least(amount: str) -> dict[str, Any]:
    least = {
        "condition_type": f"{_MODEL}Address",
        "attribute_name": _LEAST,
        "operator": ">=",
        "value": amount,
    }
    return {
        "condition_type": f"{_MODEL}Combine",
        "aggregator_type": "all",
        "operator": "",
        "value": "1",
        "conditions": [least],
    }


def _read_kind(rule: Json) -> str | None:
    amount = spell(text(rule, "discount_amount") or "0")
    if text(rule, "simple_free_shipping") == SHIPMENT:
        return FREE_SHIPPING if amount == "0" else None
    return _KINDS.get(text(rule, "simple_action"))


def _read_least(condition: Json) -> str | None:
    """Return what an order must come to, empty for anything; None: something else is asked."""
    found = children(condition, "conditions")
    if not found:
        return ""
    [least, *others] = found
    asks_for_it = text(least, "attribute_name") == _LEAST and text(least, "operator") == ">="
    return None if others or not asks_for_it else spell(text(least, "value"))
