"""Writing to WooCommerce: coupons, and figures as meta data of customers."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from kernel.http import Client, HttpUnavailable
from stores.domain.codes import AMOUNT, FREE_SHIPPING, PERCENT, compare, spell, stamp
from stores.domain.writing import Step, Wish, Wrote, plan_fields, without
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.fields import Json, child, children, instant, text
from stores.platforms.oauth1 import Keys, sign
from stores.platforms.woocommerce.pull import BASE, ask, judge, read_list
from stores.platforms.woocommerce.reading import OWN
from stores.types import StoreAccess

PERMISSION: Final = "Read/Write"
NEEDS: Final = f"Writing needs a key with the permission {PERMISSION}"
LATER: Final = "WooCommerce knows no code that begins later; ask for it when it begins"
FOREIGN: Final = "The shop has this coupon already, for something that Patron does not make"
NOT_OURS: Final = "The coupon in the shop is not Patron's; it was left as it is"
TAKEN: Final = "woocommerce_rest_coupon_code_already_exists"
GONE: Final = "woocommerce_rest_invalid_id"
NO_CUSTOMER: Final = "The shop has no such customer any more"
_TYPES: Final = {PERCENT: "percent", AMOUNT: "fixed_cart", FREE_SHIPPING: "fixed_cart"}
_NARROWED: Final = (
    "product_ids",
    "excluded_product_ids",
    "product_categories",
    "excluded_product_categories",
    "email_restrictions",
)
"""What narrows a coupon down to less than the whole cart of everybody."""


class WooCommerceWriter:
    """The platform as those see it who write to it."""

    scopes: Mapping[str, str] = {
        "codes": PERMISSION,
        "segments": PERMISSION,
        "fields": PERMISSION,
    }

    def look(
        self, access: StoreAccess, client: Client, kind: str, wishes: Sequence[Wish]
    ) -> Sequence[Step]:
        if kind == "fields":
            return [plan_fields(wish) for wish in wishes]
        if kind == "segments":
            return [_plan_segments(wish) for wish in wishes]
        return [_plan(wish, _find(access, client, wish.value["code"])) for wish in wishes]

    def write(self, access: StoreAccess, client: Client, kind: str, steps: Sequence[Step]) -> Wrote:
        wrote = Wrote()
        try:
            write = _write_codes if kind == "codes" else _write_fields
            write(access, client, steps, wrote)
        except PullRefused as exc:
            said = str(exc).removesuffix(".")
            wrote.stopped_by = PullRefused(f"{said}. {NEEDS}")
        except (PullBusy, PullUnavailable, HttpUnavailable) as exc:
            wrote.stopped_by = exc
        return wrote


def tell(access: StoreAccess, client: Client, path: str, body: Mapping[str, Any]) -> Json:
    """Send the shop one batch; raises what `ask` does."""
    url = access.url + BASE + path
    key = access.credentials.get("consumer_key", "")
    secret = access.credentials.get("consumer_secret", "")
    params, headers = {}, {}
    if urlsplit(url).scheme == "https":
        basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
    else:
        params = sign(url, {}, Keys(key, secret), "POST")
    answer = judge(client.send("POST", url, params=params, headers=headers, json=body), access)
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as exc:
        raise PullUnavailable(f"The shop's answer for {path} is not JSON") from exc
    if not isinstance(found, dict):
        raise PullUnavailable(f"The shop's answer for {path} is not an object")
    return found


def _plan_segments(wish: Wish) -> Step:
    """Write the tags of segments as one figure: a customer has no tags there.

    Words that were left to the shop stay in it, and are never taken out again.
    """
    left = list(wish.memo.get("left", ()))
    given = without(wish.value.get("tags", ()), {word.casefold() for word in left})
    words = sorted([*given, *left])
    step = plan_fields(replace(wish, value={"segments": ", ".join(words)} if words else {}))
    claimed = sorted({*given, *wish.memo.get("tags", ())})
    return replace(
        step,
        claim={**(step.claim or {}), "tags": claimed, "left": left},
        memo={**(step.memo or {}), "tags": given, "left": left},
    )


def _write_fields(access: StoreAccess, client: Client, steps: Sequence[Step], wrote: Wrote) -> None:
    """Set meta data by their names; an empty one is deleted, and a repeat finds it as it is."""
    told = [
        {
            "id": int(step.wish.subject),
            "meta_data": [
                *({"key": OWN + name, "value": _spell(each)} for name, each in _set(step)),
                *({"key": OWN + name, "value": None} for name in step.change["removed"]),
            ],
        }
        for step in steps
    ]
    answers = children(tell(access, client, "customers/batch", {"update": told}), "update")
    _conclude(steps, answers, wrote)


def _set(step: Step) -> list[tuple[str, Any]]:
    return list(step.change["set"].items())


def _spell(value: Any) -> str:
    return str(value["amount"] if isinstance(value, Mapping) else value)


def _find(access: StoreAccess, client: Client, code: str) -> Json:
    found = read_list(ask(access, client, "coupons", {"code": code}), "coupons")
    return next((each for each in found if text(each, "code").lower() == code.lower()), {})


def _write_codes(access: StoreAccess, client: Client, steps: Sequence[Step], wrote: Wrote) -> None:
    made = [step for step in steps if "make" in step.change]
    ended = [step for step in steps if "end" in step.change]
    body = {
        "create": [step.change["make"] for step in made],
        "update": [step.change["end"] for step in ended],
    }
    answer = tell(access, client, "coupons/batch", body)
    _conclude(made, children(answer, "create"), wrote)
    _conclude(ended, children(answer, "update"), wrote)


def _conclude(steps: Sequence[Step], answers: Sequence[Json], wrote: Wrote) -> None:
    """Say what became of each; answers come in the order of what was sent."""
    for step, answer in zip(steps, answers, strict=False):
        error = child(answer, "error")
        code = text(error, "code")
        if code == TAKEN:
            # Somebody made it since it was looked for; looking again says whether it is ours.
            wrote.failed[step.wish.id] = "The shop has this coupon by now"
        elif code == GONE and "set" in step.change:
            wrote.refused[step.wish.id] = NO_CUSTOMER
        elif error:
            said = text(error, "message") or "it gives no reason"
            wrote.refused[step.wish.id] = f"WooCommerce refuses it: {said}"[:500]
        else:
            wrote.done.add(step.wish.id)
            if "make" in step.change:
                wrote.memos[step.wish.id] = {"id": text(answer, "id")}


def _plan(wish: Wish, coupon: Json) -> Step:
    name = text(coupon, "id")
    there = _read_terms(coupon, wish.value["terms"]) if name else None
    is_same = there is not None and not compare(wish.value["terms"], there)
    if not wish.value["is_active"]:
        return _end(wish, coupon, is_same=is_same) if name else Step(wish)
    if not name:
        return _make(wish)
    if is_same:
        return Step(wish, memo={"id": name})
    return Step(wish, refused=FOREIGN if there is None else compare(wish.value["terms"], there))


def _end(wish: Wish, coupon: Json, *, is_same: bool) -> Step:
    name = text(coupon, "id")
    known = wish.memo.get("id")
    if known != name and not (known is None and wish.memo.get("trying") and is_same):
        return Step(wish, overtaken=NOT_OURS)
    ends_at = instant(coupon, "date_expires_gmt", zone=UTC)
    has_ended = ends_at is not None and ends_at <= datetime.fromisoformat(wish.value["ended_at"])
    if has_ended:
        return Step(wish, memo={"id": name})
    over = datetime.fromisoformat(wish.value["ended_at"]) - timedelta(days=1)
    told = {"id": int(name), "date_expires_gmt": _written(over)}
    return Step(wish, change={"end": told}, memo={"id": name})


def _make(wish: Wish) -> Step:
    terms = wish.value["terms"]
    if terms["starts_at"] > wish.value["asked_at"]:
        return Step(wish, refused=LATER)
    ends_at = terms["ends_at"]
    told = {
        "code": wish.value["code"],
        "discount_type": _TYPES[terms["kind"]],
        "amount": terms["amount"],
        "free_shipping": terms["kind"] == FREE_SHIPPING,
        "usage_limit": terms["usage_limit"],
        "usage_limit_per_user": 1 if terms["once_per_customer"] else None,
        "minimum_amount": terms["minimum"] or "0",
        "date_expires_gmt": _written(datetime.fromisoformat(ends_at)) if ends_at else None,
    }
    return Step(wish, change={"make": told}, claim={"trying": True}, kept={})


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()[:19]


def _read_terms(coupon: Json, wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the terms of a coupon in our words; None: it gives what Patron never does.

    WooCommerce knows no beginning, and older versions keep the day alone on which a coupon ends.
    """
    kind = _read_kind(coupon)
    if kind is None or any(coupon.get(name) for name in _NARROWED):
        return None
    ends_at = stamp(instant(coupon, "date_expires_gmt", zone=UTC))
    asked = wanted["ends_at"]
    return {
        "kind": kind,
        "amount": spell(text(coupon, "amount")),
        "ends_at": asked if asked and ends_at and asked[:10] == ends_at[:10] else ends_at,
        "minimum": _positive(text(coupon, "minimum_amount")),
        "usage_limit": coupon.get("usage_limit"),
        "once_per_customer": coupon.get("usage_limit_per_user") == 1,
    }


def _read_kind(coupon: Json) -> str | None:
    amount, is_free = spell(text(coupon, "amount")), coupon.get("free_shipping") is True
    if is_free:
        return FREE_SHIPPING if amount == "0" else None
    return {"percent": PERCENT, "fixed_cart": AMOUNT}.get(text(coupon, "discount_type"))


def _positive(found: str) -> str | None:
    number = spell(found or None)
    return None if number == "0" else number
