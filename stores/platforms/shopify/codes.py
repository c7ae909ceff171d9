"""Discount codes of Shopify: looked up by their name, made, and switched off."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

from stores.domain.codes import AMOUNT, FREE_SHIPPING, PERCENT, compare, spell, stamp
from stores.domain.writing import Step, Wish, Wrote
from stores.platforms.fields import Json, child, children, instant, text

FOREIGN: Final = "The shop has this code already, for something that Patron does not make"
NOT_OURS: Final = "The code at the shop is not Patron's; it was left as it is"
_BASIC, _SHIPPING = "DiscountCodeBasic", "DiscountCodeFreeShipping"
_CREATE: Final = {
    _BASIC: ("discountCodeBasicCreate", "basicCodeDiscount"),
    _SHIPPING: ("discountCodeFreeShippingCreate", "freeShippingCodeDiscount"),
}


class Teller(Protocol):
    """Tells one thing many times in one request."""

    def tell(self, name: str, told: Mapping[int, Mapping[str, Any]], /) -> dict[int, Json]:
        """Return the answers by the same keys."""


def look_at_codes(asking: Teller, wishes: Sequence[Wish]) -> list[Step]:
    """Say which codes are to be made or switched off."""
    asked = {wish.id: {"code": wish.value["code"]} for wish in wishes}
    found = asking.tell("codeDiscountNodeByCode", asked)
    return [_plan(wish, found.get(wish.id, {})) for wish in wishes]


def write_codes(asking: Teller, steps: Sequence[Step], wrote: Wrote) -> None:
    """Make codes, and switch others off; what was taken is known even if the rest is not."""
    for create, (name, argument) in _CREATE.items():
        told = {
            step.wish.id: {argument: step.change["make"]}
            for step in steps
            if step.change.get("create") == create
        }
        _conclude(asking.tell(name, told), wrote)
    ended = {step.wish.id: {"id": step.change["end"]} for step in steps if "end" in step.change}
    _conclude(asking.tell("discountCodeDeactivate", ended), wrote)


def _conclude(answers: Mapping[int, Json], wrote: Wrote) -> None:
    for key, answer in answers.items():
        errors = children(answer, "userErrors")
        said = "; ".join(filter(None, (text(error, "message") for error in errors)))
        if "TAKEN" in {text(error, "code") for error in errors}:
            # Somebody made it since it was looked for; looking again says whether it is ours.
            wrote.failed[key] = "The shop has this code by now"
        elif errors:
            wrote.refused[key] = f"Shopify refuses it: {said or 'it gives no reason'}"[:500]
        else:
            wrote.done.add(key)
            if made := text(child(answer, "codeDiscountNode"), "id"):
                wrote.memos[key] = {"id": made}


def _plan(wish: Wish, node: Json) -> Step:
    gid, discount = text(node, "id"), child(node, "codeDiscount")
    if not gid:
        return _make(wish) if wish.value["is_active"] else Step(wish)
    if not wish.value["is_active"]:
        if not _is_ours(wish, gid, discount):
            return Step(wish, overtaken=NOT_OURS)
        has_ended = text(discount, "status") == "EXPIRED"
        return Step(wish, change={} if has_ended else {"end": gid}, memo={"id": gid})
    there = _read_terms(discount)
    reason = FOREIGN if there is None else compare(wish.value["terms"], there)
    return Step(wish, refused=reason) if reason else Step(wish, memo={"id": gid})


def _is_ours(wish: Wish, gid: str, discount: Json) -> bool:
    """Say whether Patron made a code, also where the worker that did so died before it knew."""
    if wish.memo.get("id"):
        return bool(wish.memo["id"] == gid)
    there = _read_terms(discount) if wish.memo.get("trying") else None
    return there is not None and not compare(wish.value["terms"], there)


def _make(wish: Wish) -> Step:
    terms = wish.value["terms"]
    is_shipping = terms["kind"] == FREE_SHIPPING
    told: dict[str, Any] = {
        "title": wish.value["code"],
        "code": wish.value["code"],
        "startsAt": terms["starts_at"],
        "endsAt": terms["ends_at"],
        "usageLimit": terms["usage_limit"],
        "appliesOncePerCustomer": terms["once_per_customer"],
        "context": {"all": "ALL"},
    }
    if terms["minimum"] is not None:
        least = {"greaterThanOrEqualToSubtotal": terms["minimum"]}
        told["minimumRequirement"] = {"subtotal": least}
    if is_shipping:
        told["destination"] = {"all": True}
    else:
        told["customerGets"] = {"value": _value(terms), "items": {"all": True}}
    change = {"create": _SHIPPING if is_shipping else _BASIC, "make": told}
    return Step(wish, change=change, claim={"trying": True}, kept={})


def _value(terms: Mapping[str, Any]) -> dict[str, Any]:
    if terms["kind"] == PERCENT:
        return {"percentage": float(Decimal(terms["amount"]) / 100)}
    return {"discountAmount": {"amount": terms["amount"], "appliesOnEachItem": False}}


def _read_terms(discount: Json) -> dict[str, Any] | None:
    """Return the terms of a code in our words; None: it gives what Patron never does."""
    kind = _read_kind(discount)
    least = child(discount, "minimumRequirement")
    if kind is None or text(least, "__typename") not in {"", "DiscountMinimumSubtotal"}:
        return None
    minimum = text(child(least, "greaterThanOrEqualToSubtotal"), "amount")
    return {
        "kind": kind[0],
        "amount": kind[1],
        "starts_at": stamp(instant(discount, "startsAt")),
        "ends_at": stamp(instant(discount, "endsAt")),
        "minimum": spell(minimum or None),
        "usage_limit": discount.get("usageLimit"),
        "once_per_customer": discount.get("appliesOncePerCustomer") is True,
    }


def _read_kind(discount: Json) -> tuple[str, str | None] | None:
    if text(discount, "__typename") == _SHIPPING:
        return None if discount.get("maximumShippingPrice") else (FREE_SHIPPING, "0")
    gets = child(discount, "customerGets")
    if child(gets, "items").get("allItems") is not True:
        return None
    value = child(gets, "value")
    if text(value, "__typename") == "DiscountPercentage":
        share = Decimal(str(value.get("percentage"))) * 100
        return PERCENT, spell(round(share, 4))
    if text(value, "__typename") == "DiscountAmount":
        return AMOUNT, spell(text(child(value, "amount"), "amount"))
    return None
