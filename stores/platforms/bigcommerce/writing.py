"""Writing to BigCommerce: coupons of V2, which have no beginning, and attributes of customers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from kernel.http import Client, HttpUnavailable
from stores.domain.codes import AMOUNT, FREE_SHIPPING, PERCENT, compare, spell, stamp
from stores.domain.writing import Step, Wish, Wrote, plan_fields
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.bigcommerce.api import Api, NotGranted, NotUnderstood
from stores.platforms.bigcommerce.attributes import write_attributes
from stores.platforms.bigcommerce.reading import moment
from stores.platforms.fields import Json, child, text
from stores.types import StoreAccess

SCOPE: Final = "Marketing: modify"
CUSTOMERS: Final = "Customers: modify"
COUPONS: Final = "v2/coupons"
LATER: Final = "BigCommerce knows no code that begins later; ask for it when it begins"
FOREIGN: Final = "The shop has this coupon already, for something that Patron does not make"
NOT_OURS: Final = "The coupon in the shop is not Patron's; it was left as it is"
EVERYTHING: Final = {"entity": "categories", "ids": [0]}
_TYPES: Final = {
    PERCENT: "percentage_discount",
    AMOUNT: "per_total_discount",
    FREE_SHIPPING: "free_shipping",
}
_KINDS: Final = {told: kind for kind, told in _TYPES.items()}


class BigCommerceWriter:
    """The platform as those see it who write to it."""

    scopes: Mapping[str, str] = {"codes": SCOPE, "fields": CUSTOMERS}

    def look(
        self, access: StoreAccess, client: Client, kind: str, wishes: Sequence[Wish]
    ) -> Sequence[Step]:
        if kind == "fields":
            return [plan_fields(wish) for wish in wishes]
        api = Api(access, client)
        try:
            return [_plan(wish, _find(api, wish.value["code"])) for wish in wishes]
        except NotGranted as exc:
            raise _name_scope(exc, self.scopes[kind]) from exc

    def write(self, access: StoreAccess, client: Client, kind: str, steps: Sequence[Step]) -> Wrote:
        wrote, api = Wrote(), Api(access, client)
        try:
            if kind == "fields":
                write_attributes(api, steps, wrote)
            else:
                for step in steps:
                    _write(api, step, wrote)
        except NotGranted as exc:
            wrote.stopped_by = _name_scope(exc, self.scopes[kind])
        except (PullBusy, PullRefused, PullUnavailable, HttpUnavailable) as exc:
            wrote.stopped_by = exc
        return wrote


def _name_scope(exc: NotGranted, scope: str) -> PullRefused:
    return PullRefused(f"{exc}. Writing it needs {scope}")


def _find(api: Api, code: str) -> Json:
    found = api.list_v2(COUPONS, {"code": code})
    return next((each for each in found if text(each, "code").lower() == code.lower()), {})


def _write(api: Api, step: Step, wrote: Wrote) -> None:
    key = step.wish.id
    try:
        if "end" in step.change:
            api.send("PUT", f"{COUPONS}/{step.change['end']}", {"enabled": False})
        else:
            made = api.send("POST", COUPONS, step.change["make"])
            wrote.memos[key] = {"id": text(made if isinstance(made, dict) else {}, "id")}
        wrote.done.add(key)
    except NotUnderstood as exc:
        if "(409)" in str(exc):
            # Somebody made it since it was looked for; looking again says whether it is ours.
            wrote.failed[key] = "The shop has this coupon by now"
        else:
            wrote.refused[key] = str(exc)


def _plan(wish: Wish, coupon: Json) -> Step:
    name = text(coupon, "id")
    there = _read_terms(coupon) if name else None
    is_same = there is not None and not compare(wish.value["terms"], there)
    if not wish.value["is_active"]:
        return _end(wish, coupon, is_same=is_same) if name else Step(wish)
    if not name:
        return _make(wish)
    if is_same and coupon.get("enabled") is not False:
        return Step(wish, memo={"id": name})
    return Step(wish, refused=FOREIGN if there is None else compare(wish.value["terms"], there))


def _end(wish: Wish, coupon: Json, *, is_same: bool) -> Step:
    name, known = text(coupon, "id"), wish.memo.get("id")
    if known != name and not (known is None and wish.memo.get("trying") and is_same):
        return Step(wish, overtaken=NOT_OURS)
    is_over = coupon.get("enabled") is False
    return Step(wish, change={} if is_over else {"end": name}, memo={"id": name})


def _make(wish: Wish) -> Step:
    terms = wish.value["terms"]
    if terms["starts_at"] > wish.value["asked_at"]:
        return Step(wish, refused=LATER)
    told: dict[str, Any] = {
        "name": wish.value["code"],
        "code": wish.value["code"],
        "type": _TYPES[terms["kind"]],
        "amount": terms["amount"],
        "min_purchase": terms["minimum"] or "0",
        "max_uses": terms["usage_limit"] or 0,
        "max_uses_per_customer": 1 if terms["once_per_customer"] else 0,
        "enabled": True,
        "applies_to": EVERYTHING,
    }
    if terms["ends_at"]:
        ends_at = datetime.fromisoformat(terms["ends_at"]).astimezone(UTC)
        told["expires"] = format_datetime(ends_at)
    return Step(wish, change={"make": told}, claim={"trying": True}, kept={})


def _read_terms(coupon: Json) -> dict[str, Any] | None:
    """Return the terms of a coupon in our words; None: it gives what Patron never does."""
    kind = _KINDS.get(text(coupon, "type"))
    applies = child(coupon, "applies_to")
    if kind is None or list(applies.get("ids") or ()) not in ([0], ["0"]):
        return None
    return {
        "kind": kind,
        "amount": spell(text(coupon, "amount")),
        "ends_at": stamp(moment(coupon, "expires")),
        "minimum": _positive(text(coupon, "min_purchase")),
        "usage_limit": int(coupon.get("max_uses") or 0) or None,
        "once_per_customer": int(coupon.get("max_uses_per_customer") or 0) == 1,
    }


def _positive(found: str) -> str | None:
    number = spell(found or None)
    return None if number == "0" else number
