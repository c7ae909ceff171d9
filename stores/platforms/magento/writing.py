"""Writing to Magento: coupons under cart price rules.

What a coupon gives, its rule says. Codes of equal terms share one rule, which is known by its
name, so that a thousand codes cost the shop's checkout one rule. Only codes that each customer may
use once, and many customers may use, have a rule each: Magento counts a customer's uses by rule. A
code ends by being deleted; a shared rule stays for the others, one of its own goes with it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from kernel.http import Client, HttpUnavailable
from stores.domain.codes import compare
from stores.domain.writing import Step, Wish, Wrote
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms.fields import Json, text
from stores.platforms.magento.api import LARGEST, Api, Filter, Item, NotThere, NotUnderstood
from stores.platforms.magento.objects import objects_of
from stores.platforms.magento.pull import read_scope
from stores.platforms.magento.rules import find_fault, has_own_rule, read_terms, spell_rule
from stores.types import StoreAccess

RESOURCES: Final = "Cart Price Rules, Customer Groups, Stores"
FOREIGN: Final = "The shop has this coupon already, for something that Patron does not make"
NOT_OURS: Final = "The coupon in the shop is not Patron's; it was left as it is"
ALTERED: Final = "The cart price rule {name} was changed in the shop, so no code was added to it"
TAKEN: Final = "already exists"
GENERATED: Final = 1
"""Type of a coupon of which a rule has many; the words on it are free all the same."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a shop has of the codes that are wished.

    Attributes:
        coupons: by code in capitals.
        rules: by id.
        ours: rules by the name that Patron gives them.
        held: how many coupons the rules have that may go, by id; None where nobody can tell.
        scope: ids of websites and of groups of customers that a rule of Patron is for.
    """

    coupons: Mapping[str, Item]
    rules: Mapping[str, Item]
    ours: Mapping[str, Item]
    held: Mapping[str, int] | None
    scope: Mapping[str, list[int]]


class MagentoWriter:
    """The platform as those see it who write to it."""

    scopes: Mapping[str, str] = {"codes": RESOURCES}

    def look(
        self, access: StoreAccess, client: Client, kind: str, wishes: Sequence[Wish]
    ) -> Sequence[Step]:
        api = Api(access, client)
        zone = access.store.timezone
        rules = {wish.id: spell_rule(wish.value, zone) for wish in wishes}
        known = _look(api, access, wishes, [rule["name"] for rule in rules.values()])
        return [_plan(wish, rules[wish.id], known, zone) for wish in wishes]

    def write(self, access: StoreAccess, client: Client, kind: str, steps: Sequence[Step]) -> Wrote:
        wrote, api = Wrote(), Api(access, client)
        made: dict[str, int] = {}
        try:
            for step in steps:
                _write(api, step, made, wrote)
        except (PullBusy, PullRefused, PullUnavailable, HttpUnavailable) as exc:
            wrote.stopped_by = exc
        return wrote


def _look(api: Api, access: StoreAccess, wishes: Sequence[Wish], names: Sequence[str]) -> _Known:
    codes = [wish.value["code"] for wish in wishes]
    coupons = {text(each, "code").upper(): each for each in _find(api, "coupons", "code", codes)}
    named = [text(each, "rule_id") for each in coupons.values()]
    rules = {text(each, "rule_id"): each for each in _find(api, "salesRules", "rule_id", named)}
    absent = [pair for pair in zip(wishes, names, strict=True) if pair[0].subject not in coupons]
    lacking = {name for wish, name in absent if wish.value["is_active"]}
    left = {name for wish, name in absent if _ends_alone(wish)}
    named_ours = _find(api, "salesRules", "name", sorted(lacking | left))
    ours = {text(each, "name"): each for each in named_ours}
    doomed = [coupons.get(wish.subject, {}) for wish in wishes if _ends_alone(wish)]
    doomed += [ours[name] for name in left & ours.keys()]
    held = _count_coupons(api, [text(each, "rule_id") for each in doomed])
    scope = _read_scope(api, access) if lacking - ours.keys() else {}
    return _Known(coupons, rules, ours, held, scope)


def _ends_alone(wish: Wish) -> bool:
    return not wish.value["is_active"] and has_own_rule(wish.value["terms"])


def _count_coupons(api: Api, rule_ids: Sequence[str]) -> Mapping[str, int] | None:
    found = _find(api, "coupons", "rule_id", rule_ids)
    return Counter(text(each, "rule_id") for each in found) if len(found) < LARGEST else None


def _find(api: Api, kind: str, field: str, values: Iterable[str]) -> Sequence[Item]:
    """Return objects of a list that has a path of its own for being searched."""
    wanted = ",".join(value for value in dict.fromkeys(values) if value)
    if not wanted:
        return []
    return api.search(f"{kind}/search", [Filter(field, "in", wanted)], size=LARGEST).items


def _read_scope(api: Api, access: StoreAccess) -> dict[str, list[int]]:
    """Return whom a rule of Patron is for: everybody, on the website that the store stands for."""
    website = read_scope(api, access)["website"]
    every = [] if website else objects_of(api.get("store/websites"))
    sites = [website] if website else [str(each.get("id")) for each in every]
    groups = api.search("customerGroups/search").items
    return {
        "website_ids": [int(each) for each in sites if each.isdecimal() and int(each)],
        "customer_group_ids": sorted(int(str(each["id"])) for each in groups),
    }


def _plan(wish: Wish, rule: dict[str, Any], known: _Known, zone: str) -> Step:
    coupon = known.coupons.get(wish.subject, {})
    name = text(coupon, "coupon_id")
    of_shop = known.rules.get(text(coupon, "rule_id"), {})
    there = read_terms(of_shop, wish.value, zone) if name else None
    is_same = there is not None and not compare(wish.value["terms"], there)
    if not wish.value["is_active"]:
        return _end(wish, name, _find_lone_rule(wish, rule, known, zone), is_same=is_same)
    if not name:
        return _make(wish, rule, known, zone)
    if is_same:
        return Step(wish, memo={"id": name})
    return Step(wish, refused=FOREIGN if there is None else compare(wish.value["terms"], there))


def _make(wish: Wish, rule: dict[str, Any], known: _Known, zone: str) -> Step:
    if fault := find_fault(wish.value, zone):
        return Step(wish, refused=fault)
    change: dict[str, Any] = {"code": wish.value["code"], "rule": {**rule, **known.scope}}
    if ours := known.ours.get(rule["name"]):
        there = read_terms(ours, wish.value, zone)
        if there is None or compare(wish.value["terms"], there):
            return Step(wish, refused=ALTERED.format(name=rule["name"]))
        change["rule_id"] = int(text(ours, "rule_id"))
    return Step(wish, change=change, claim={"trying": True}, kept={})


def _find_lone_rule(wish: Wish, rule: dict[str, Any], known: _Known, zone: str) -> str:
    """Return the id of the rule that a code alone has, as Patron made it; empty: there is none."""
    if not _ends_alone(wish) or known.held is None:
        return ""
    coupon = known.coupons.get(wish.subject)
    found = known.rules.get(text(coupon, "rule_id")) if coupon else known.ours.get(rule["name"])
    if found is None or text(found, "name") != rule["name"]:
        return ""
    there, rule_id = read_terms(found, wish.value, zone), text(found, "rule_id")
    is_ours = there is not None and not compare(wish.value["terms"], there)
    return rule_id if is_ours and known.held.get(rule_id, 0) == bool(coupon) else ""


def _end(wish: Wish, name: str, rule_id: str, *, is_same: bool) -> Step:
    """End a code: its coupon first, so that who dies in between finds a rule without coupons."""
    known = wish.memo.get("id")
    if name and known != name and not (known is None and wish.memo.get("trying") and is_same):
        return Step(wish, overtaken=NOT_OURS)
    gone = [f"coupons/{name}"] if name else []
    gone += [f"salesRules/{rule_id}"] if rule_id else []
    return Step(wish, change={"gone": gone}, memo={}) if gone else Step(wish)


def _write(api: Api, step: Step, made: dict[str, int], wrote: Wrote) -> None:
    """Do one step; ``made`` are the ids of rules by name, those of this batch among them."""
    key = step.wish.id
    try:
        if gone := step.change.get("gone"):
            _delete(api, gone)
        else:
            coupon = _add(api, step.change, made)
            wrote.memos[key] = {"id": text(coupon, "coupon_id")}
        wrote.done.add(key)
    except NotUnderstood as exc:
        if TAKEN in str(exc):
            # Somebody made it since it was looked for; looking again says whether it is ours.
            wrote.failed[key] = "The shop has this coupon by now"
        else:
            wrote.refused[key] = str(exc)


def _add(api: Api, change: Mapping[str, Any], made: dict[str, int]) -> Json:
    name = change["rule"]["name"]
    rule_id = change.get("rule_id") or made.get(name)
    if rule_id is None:
        rule = _object(api.send("POST", "salesRules", {"rule": change["rule"]}))
        rule_id = made[name] = int(text(rule, "rule_id"))
    return _object(api.send("POST", "coupons", {"coupon": spell_coupon(change["code"], rule_id)}))


def spell_coupon(code: str, rule_id: int) -> dict[str, Any]:
    """Return a coupon of a rule; limits and end are the rule's."""
    return {
        "rule_id": rule_id,
        "code": code,
        "times_used": 0,
        "is_primary": False,
        "type": GENERATED,
    }


def _object(found: Any) -> Json:
    if not isinstance(found, dict):
        raise PullUnavailable("The shop's answer is not an object")
    return found


def _delete(api: Api, paths: Sequence[str]) -> None:
    for path in paths:
        # Where it is not there, somebody else was quicker.
        with suppress(NotThere):
            api.send("DELETE", path)
