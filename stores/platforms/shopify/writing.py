"""Writing to Shopify: tags, metafields and consent of customers, and discount codes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kernel.http import Client, HttpUnavailable
from stores.domain.writing import (
    Memo,
    Said,
    Step,
    Wish,
    Wrote,
    judge_consent,
    plan_fields,
    plan_segments,
    plan_tags,
)
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.fields import Json, child, children, instant, text
from stores.platforms.shopify.admin import Denied, ask
from stores.platforms.shopify.codes import look_at_codes, write_codes
from stores.platforms.shopify.customers import OWN_NAMESPACE, STATES
from stores.platforms.shopify.mutations import (
    DELETE_METAFIELDS,
    LOOK_CONSENT,
    LOOK_TAGS,
    SET_METAFIELDS,
    repeat,
)
from stores.types import StoreAccess

CUSTOMERS: Final = "write_customers"
GONE: Final = "The shop has no such customer any more"
METAFIELDS_AT_ONCE: Final = 25
TYPES: Final = {
    "rfm_group": "single_line_text_field",
    "orders_count": "number_integer",
    "lifetime_value": "money",
    "loyalty_points": "number_integer",
}
"""Type of each metafield in the name space of Patron; what is of a segment is true or not there."""
_SPELLING: Final = {
    "subscribed": {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"},
    "pending": {"marketingState": "PENDING", "marketingOptInLevel": "CONFIRMED_OPT_IN"},
    "unsubscribed": {"marketingState": "UNSUBSCRIBED"},
    "withdrawn": {"marketingState": "UNSUBSCRIBED"},
}
_CHANNELS: Final = {
    "email": (
        "defaultEmailAddress",
        "emailAddress",
        "customerEmailMarketingConsentUpdate",
        "emailMarketingConsent",
    ),
    "sms": (
        "defaultPhoneNumber",
        "phoneNumber",
        "customerSmsMarketingConsentUpdate",
        "smsMarketingConsent",
    ),
}
"""By channel: the address of a customer, its field, the mutation, and its part of the input."""


class ShopifyWriter:
    """The platform as those see it who write to it."""

    scopes: Mapping[str, str] = {
        "consent": CUSTOMERS,
        "codes": "write_discounts",
        "tags": CUSTOMERS,
        "segments": CUSTOMERS,
        "fields": CUSTOMERS,
    }

    def look(
        self, access: StoreAccess, client: Client, kind: str, wishes: Sequence[Wish]
    ) -> Sequence[Step]:
        try:
            return _LOOKS[kind](Asking(access, client), wishes)
        except Denied as exc:
            raise _name_scope(exc, self.scopes[kind]) from exc

    def write(self, access: StoreAccess, client: Client, kind: str, steps: Sequence[Step]) -> Wrote:
        wrote = Wrote()
        try:
            _WRITES[kind](Asking(access, client), steps, wrote)
        except Denied as exc:
            wrote.stopped_by = _name_scope(exc, self.scopes[kind])
        except (PullBusy, PullRefused, PullUnavailable, HttpUnavailable) as exc:
            wrote.stopped_by = exc
        return wrote


class Asking:
    """The shop of one stretch of looking or writing."""

    def __init__(self, access: StoreAccess, client: Client) -> None:
        self._access, self._client = access, client

    def ask(self, query: str, variables: Mapping[str, Any]) -> Json:
        """Ask once and return the data; raises what `admin.ask` does."""
        return ask(self._access, self._client, query, variables).data

    def tell(self, name: str, told: Mapping[int, Mapping[str, Any]]) -> dict[int, Json]:
        """Tell one thing many times in one request; returns the answers by the same keys."""
        if not told:
            return {}
        variables = {
            f"{argument}{at}": value
            for at, arguments in enumerate(told.values())
            for argument, value in arguments.items()
        }
        data = self.ask(repeat(name, len(told)), variables)
        return {key: child(data, f"one{at}") for at, key in enumerate(told)}


def find_errors(answer: Json) -> str:
    """Return why Shopify did not take something, for people; empty where it did."""
    said = [text(error, "message") for error in children(answer, "userErrors")]
    reason = "; ".join(filter(None, said))
    return f"Shopify refuses it: {reason}"[:500] if reason else ""


def _name_scope(exc: Denied, scope: str) -> PullRefused:
    said = str(exc).removesuffix(".")
    return PullRefused(f"{said}. Give the app the scope {scope}, install it again, then try again")


def _gid(wish: Wish) -> str:
    return f"gid://shopify/Customer/{wish.subject}"


def _nodes(asking: Asking, query: str, wishes: Sequence[Wish]) -> dict[int, Json]:
    """Return the customers of wishes; those that are gone, or no ids of Shopify, are left out."""
    asked = [_gid(wish) for wish in wishes if wish.subject.isdecimal()]
    data = asking.ask(query, {"ids": asked}) if asked else {}
    found = {text(node, "id"): node for node in children(data, "nodes")}
    return {wish.id: found[_gid(wish)] for wish in wishes if _gid(wish) in found}


def _look_at_tags(asking: Asking, wishes: Sequence[Wish]) -> list[Step]:
    found = _nodes(asking, LOOK_TAGS, wishes)
    return [
        plan_tags(wish, found[wish.id].get("tags") or ())
        if wish.id in found
        else Step(wish, refused=GONE)
        for wish in wishes
    ]


def _write_tags(asking: Asking, steps: Sequence[Step], wrote: Wrote) -> None:
    errors: dict[str, dict[int, str]] = {}
    for name, part in (("tagsAdd", "added"), ("tagsRemove", "removed")):
        told = {
            step.wish.id: {"id": _gid(step.wish), "tags": step.change[part]}
            for step in steps
            if step.change[part]
        }
        answers = asking.tell(name, told)
        errors[part] = {
            key: reason for key, each in answers.items() if (reason := find_errors(each))
        }
    wrote.memos |= {
        step.wish.id: _halfway(step, errors)
        for step in steps
        if any(step.wish.id in refused for refused in errors.values())
    }
    _conclude(steps, errors["added"] | errors["removed"], wrote)


def _look_at_segments(asking: Asking, wishes: Sequence[Wish]) -> list[Step]:
    """Look at tags alone: nobody else writes in the name space of the metafields."""
    found = _nodes(asking, LOOK_TAGS, wishes)
    return [
        plan_segments(wish, found[wish.id].get("tags") or ())
        if wish.id in found
        else Step(wish, refused=GONE)
        for wish in wishes
    ]


def _write_segments(asking: Asking, steps: Sequence[Step], wrote: Wrote) -> None:
    """Write tags, then metafields; a customer is done once the shop took both."""
    tagged, filled = Wrote(), Wrote()
    _write_tags(asking, [step for step in steps if "added" in step.change], tagged)
    fields = [
        Step(step.wish, change=step.change["fields"]) for step in steps if "fields" in step.change
    ]
    _write_fields(asking, fields, filled)
    for step in steps:
        key = step.wish.id
        reasons = {each.refused[key] for each in (tagged, filled) if key in each.refused}
        if not reasons:
            wrote.done.add(key)
            continue
        wrote.refused[key] = "; ".join(sorted(reasons))
        taken = step.memo if key not in tagged.refused else tagged.memos[key]
        kept = step.memo if key not in filled.refused else step.claim
        wrote.memos[key] = {
            "tags": (taken or {}).get("tags", ()),
            **{name: each for name, each in (kept or {}).items() if name == "fields"},
        }


def _halfway(step: Step, errors: Mapping[str, Mapping[int, str]]) -> Memo:
    """Return which tags are ours where the shop refused to give some, or to take some away."""
    ours = set(step.kept["tags"]) if step.kept else set()
    if step.wish.id not in errors["added"]:
        ours |= set(step.change["added"])
    if step.wish.id not in errors["removed"]:
        ours -= set(step.change["removed"])
    return {"tags": sorted(ours)}


def _look_at_consent(asking: Asking, wishes: Sequence[Wish]) -> list[Step]:
    found = _nodes(asking, LOOK_CONSENT, wishes)
    return [
        _plan_consent(wish, found[wish.id]) if wish.id in found else Step(wish, refused=GONE)
        for wish in wishes
    ]


def _plan_consent(wish: Wish, node: Json) -> Step:
    change: dict[str, Any] = {}
    reasons: list[str] = []
    for channel, ours in wish.value.items():
        place, address, _, _ = _CHANNELS[channel]
        there = child(node, place)
        if not text(there, address):
            continue
        verdict = judge_consent(
            Said(ours["state"], _time(ours["at"]), ours["address"]), _said(there, address)
        )
        if verdict == "write":
            change[channel] = ours
        elif verdict != "same":
            reasons.append(f"{channel}: {verdict}")
    return Step(wish, change=change, overtaken="; ".join(reasons))


def _said(there: Json, address: str) -> Said:
    named = text(there, "marketingState").lower()
    # A word that is not known, such as an invalid address, forbids as nothing newer can.
    state = STATES.get(named, "unsubscribed" if named else "never")
    at = instant(there, "marketingUpdatedAt") if named in STATES else None
    return Said(state, at, text(there, address).lower())


def _time(given: str | None) -> datetime | None:
    return datetime.fromisoformat(given) if given else None


def _write_consent(asking: Asking, steps: Sequence[Step], wrote: Wrote) -> None:
    errors: dict[int, str] = {}
    for channel, (_, _, name, part) in _CHANNELS.items():
        told = {
            step.wish.id: {"input": _consent_input(step, channel, part)}
            for step in steps
            if channel in step.change
        }
        for key, answer in asking.tell(name, told).items():
            if reason := find_errors(answer):
                errors[key] = "; ".join(filter(None, [errors.get(key, ""), reason]))
    _conclude(steps, errors, wrote)


def _consent_input(step: Step, channel: str, part: str) -> dict[str, Any]:
    ours = step.change[channel]
    said = dict(_SPELLING[ours["state"]])
    # The time of the statement comes back with it, so that it is known again as the same.
    if ours["at"]:
        said["consentUpdatedAt"] = ours["at"]
    return {"customerId": _gid(step.wish), part: said}


def _look_at_fields(asking: Asking, wishes: Sequence[Wish]) -> list[Step]:
    """Nobody else writes in the name space, so what was written last is what there is."""
    return [
        plan_fields(wish) if wish.subject.isdecimal() else Step(wish, refused=GONE)
        for wish in wishes
    ]


def _write_fields(asking: Asking, steps: Sequence[Step], wrote: Wrote) -> None:
    errors = _set_metafields(asking, steps)
    gone = [
        {"ownerId": _gid(step.wish), "namespace": OWN_NAMESPACE, "key": name}
        for step in steps
        if step.wish.id not in errors
        for name in step.change["removed"]
    ]
    for start in range(0, len(gone), METAFIELDS_AT_ONCE):
        some = gone[start : start + METAFIELDS_AT_ONCE]
        answer = child(asking.ask(DELETE_METAFIELDS, {"metafields": some}), "metafieldsDelete")
        if reason := find_errors(answer):
            owners = {each["ownerId"] for each in some}
            errors |= {step.wish.id: reason for step in steps if _gid(step.wish) in owners}
    _conclude(steps, errors, wrote)


def _set_metafields(asking: Asking, steps: Sequence[Step]) -> dict[int, str]:
    """Set what is new, some customers at a time; one that is refused lets the others be tried."""
    errors: dict[int, str] = {}
    for some in _share_out(steps):
        left = list(some)
        while left:
            refused = _set_of(asking, left)
            errors |= refused
            if not refused:
                break
            left = [step for step in left if step.wish.id not in refused]
    return errors


def _share_out(steps: Iterable[Step]) -> list[list[Step]]:
    """Part steps so that each part sets no more metafields than a request may.

    A customer of more than that is in several parts.
    """
    parts: list[list[Step]] = []
    size = METAFIELDS_AT_ONCE
    for step in steps:
        for some in _pieces(step):
            fields = len(some.change["set"])
            if size + fields > METAFIELDS_AT_ONCE:
                parts.append([])
                size = 0
            parts[-1].append(some)
            size += fields
    return parts


def _pieces(step: Step) -> Iterator[Step]:
    """Yield a step, or what one request after the other may set of it; nothing sets nothing."""
    said = list(step.change["set"].items())
    for start in range(0, len(said), METAFIELDS_AT_ONCE):
        some = dict(said[start : start + METAFIELDS_AT_ONCE])
        yield Step(step.wish, change={**step.change, "set": some})


def _set_of(asking: Asking, steps: Sequence[Step]) -> dict[int, str]:
    """Set all or, where Shopify refuses one, none; returns whose are refused, and why."""
    owners = [step.wish.id for step in steps for _ in step.change["set"]]
    metafields = [
        {
            "ownerId": _gid(step.wish),
            "namespace": OWN_NAMESPACE,
            "key": name,
            "type": TYPES.get(name, "boolean"),
            "value": _spell(value),
        }
        for step in steps
        for name, value in step.change["set"].items()
    ]
    answer = child(asking.ask(SET_METAFIELDS, {"metafields": metafields}), "metafieldsSet")
    refused: dict[int, str] = {}
    for error in children(answer, "userErrors"):
        place = error.get("elementIndex")
        named = [owners[place]] if isinstance(place, int) and place < len(owners) else owners
        reason = f"Shopify refuses it: {text(error, 'message')}"[:500]
        refused |= dict.fromkeys(named, reason)
    return refused


def _spell(value: Any) -> str:
    if isinstance(value, Mapping):
        return f'{{"amount": "{value["amount"]}", "currency_code": "{value["currency"]}"}}'
    return str(value)


def _conclude(steps: Sequence[Step], errors: Mapping[int, str], wrote: Wrote) -> None:
    wrote.refused |= errors
    wrote.done |= {step.wish.id for step in steps} - errors.keys()


_LOOKS: Final[dict[str, Callable[[Asking, Sequence[Wish]], Sequence[Step]]]] = {
    "codes": look_at_codes,
    "tags": _look_at_tags,
    "segments": _look_at_segments,
    "consent": _look_at_consent,
    "fields": _look_at_fields,
}
_WRITES: Final[dict[str, Callable[[Asking, Sequence[Step], Wrote], None]]] = {
    "codes": write_codes,
    "tags": _write_tags,
    "segments": _write_segments,
    "consent": _write_consent,
    "fields": _write_fields,
}
