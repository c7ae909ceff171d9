"""Figures as attributes of BigCommerce's customers; one that is lacking is made first."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stores.domain.writing import Step, Wrote
from stores.platforms.bigcommerce.api import Api, Item, NotUnderstood, ids
from stores.platforms.bigcommerce.customers import OWN

ATTRIBUTES: Final = "v3/customers/attributes"
VALUES: Final = "v3/customers/attribute-values"
AT_ONCE: Final = 10
"""Values that one request takes."""


def write_attributes(api: Api, steps: Sequence[Step], wrote: Wrote) -> None:
    """Set and take away the attributes of customers; a repeat changes nothing.

    Raises:
        PullRefused, PullBusy, PullUnavailable, HttpUnavailable: as of `Api`.
    """
    known = _ensure(api, {OWN + name for step in steps for name in step.change["set"]})
    for some in _share_out(steps):
        for step, reason in _set_together(api, some, known):
            wrote.refused[step.wish.id] = reason
    _take_away(api, steps, known)
    wrote.done |= {step.wish.id for step in steps} - wrote.refused.keys()


def _ensure(api: Api, names: set[str]) -> dict[str, int]:
    """Return the ids of attributes by their names, those that are needed among them."""
    known = _by_name(api.list_whole(ATTRIBUTES))
    lacking = sorted(names - known.keys())
    if not lacking:
        return known
    told = [{"name": name, "type": "string"} for name in lacking]
    answer = api.send("POST", ATTRIBUTES, told)
    made = answer.get("data") if isinstance(answer, dict) else None
    return known | _by_name(made if isinstance(made, list) else [])


def _by_name(found: Sequence[Item]) -> dict[str, int]:
    return {str(each.get("name")): int(each["id"]) for each in found if "id" in each}


def _share_out(steps: Sequence[Step]) -> list[list[Step]]:
    parts: list[list[Step]] = []
    size = AT_ONCE
    for step in steps:
        if not (values := len(step.change["set"])):
            continue
        if size + values > AT_ONCE:
            parts.append([])
            size = 0
        parts[-1].append(step)
        size += values
    return parts


def _set_together(
    api: Api, steps: Sequence[Step], known: Mapping[str, int]
) -> list[tuple[Step, str]]:
    """Set the values of some customers; returns whose are refused, and why."""
    values = [
        {
            "attribute_id": known[OWN + name],
            "customer_id": int(step.wish.subject),
            "value": _spell(value),
        }
        for step in steps
        for name, value in step.change["set"].items()
    ]
    try:
        api.send("PUT", VALUES, values)
    except NotUnderstood as exc:
        if len(steps) == 1:
            return [(steps[0], str(exc))]
        # BigCommerce takes all or none: each by itself shows which it is.
        return [each for step in steps for each in _set_together(api, [step], known)]
    return []


def _take_away(api: Api, steps: Sequence[Step], known: Mapping[str, int]) -> None:
    """Delete the values that are no longer wanted; BigCommerce knows them by ids of their own."""
    gone = {
        (int(step.wish.subject), known[OWN + name])
        for step in steps
        for name in step.change["removed"]
        if OWN + name in known
    }
    if not gone:
        return
    asked = {
        "customer_id:in": ids(sorted({str(customer) for customer, _ in gone})),
        "attribute_id:in": ids(sorted({str(attribute) for _, attribute in gone})),
    }
    found = [
        str(each["id"])
        for each in api.list_whole(VALUES, asked)
        if (each.get("customer_id"), each.get("attribute_id")) in gone
    ]
    if found:
        api.send("DELETE", VALUES, params={"id:in": ids(found)})


def _spell(value: Any) -> str:
    return str(value["amount"] if isinstance(value, Mapping) else value)
