"""What Klaviyo's API says, as rows of files that imports read. Pure.

Consent is never more permissive here than there: somebody whom Klaviyo would not write to is not
subscribed, or is suppressed. A consent that Klaviyo knows no time of is left out.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

Item = Mapping[str, Any]
Cells = dict[str, str]

PEOPLE_TARGETS: Final = {
    "Email": "email",
    "Phone": "phone",
    "Customer id": "customer_id",
    "First name": "first_name",
    "Last name": "last_name",
    "Country": "country",
    "Region": "region",
    "City": "city",
    "Postcode": "postcode",
    "Time zone": "timezone",
    "Language": "locale",
    "Customer since": "created_at",
    "Email consent": "email_consent",
    "Email consent: when": "email_consent_at",
    "Email consent: how": "email_consent_detail",
    "SMS consent": "sms_consent",
    "SMS consent: when": "sms_consent_at",
    "SMS consent: how": "sms_consent_detail",
    "Suppression": "suppression",
    "Properties": "bag",
}
"""Columns of a file of people, each with what it means."""
LIST_TARGETS: Final = {"Email": "email", "Phone": "phone", "Customer id": "customer_id"}
EVENT_TARGETS: Final = {
    "Email": "email",
    "Phone": "phone",
    "Customer id": "customer_id",
    "Event": "event",
    "Time": "occurred_at",
    "Event id": "event_id",
    "Properties": "bag",
}
LONGEST_BAG: Final = 9_000
"""Characters of properties that are kept; the longest ones are left out beyond that."""
UNSUBSCRIBED: Final = "UNSUBSCRIBE"
BLOCKED: Final = "USER_SUPPRESSED"


def read_person(item: Item) -> Cells:
    """Return the row of a profile with its consent and suppressions."""
    said = _said(item)
    where = _object(said.get("location"))
    return {
        **_who(said),
        "First name": _text(said.get("first_name")),
        "Last name": _text(said.get("last_name")),
        "Country": _text(where.get("country")),
        "Region": _text(where.get("region")),
        "City": _text(where.get("city")),
        "Postcode": _text(where.get("zip")),
        "Time zone": _text(where.get("timezone")),
        "Language": _text(said.get("locale")),
        "Customer since": _text(said.get("created")),
        **_email_consent(said),
        **_sms_consent(said),
        "Properties": _bag(_properties(said)),
    }


def read_member(item: Item) -> Cells:
    """Return the row of a profile as a member of a list: who it is, nothing else."""
    return _who(_said(item))


def read_event(item: Item, included: Mapping[tuple[str, str], Item]) -> Cells:
    """Return the row of an event.

    Args:
        item: the event.
        included: metrics and profiles of the same answer, by type and id.
    """
    said = _said(item)
    metric = _said(_related(item, "metric", included))
    return {
        **_who(_said(_related(item, "profile", included))),
        "Event": _text(metric.get("name")),
        "Time": _text(said.get("datetime")),
        "Event id": f"klaviyo:{_text(said.get('uuid')) or _text(item.get('id'))}",
        "Properties": _bag(_object(said.get("event_properties"))),
    }


def _email_consent(said: Item) -> Cells:
    channel = _object(_object(_object(said.get("subscriptions")).get("email")).get("marketing"))
    reasons = [_object(each) for each in _list(channel.get("suppression"))]
    words = [_text(each.get("reason")).upper() for each in reasons]
    left = [each for each in reasons if _text(each.get("reason")).upper() == UNSUBSCRIBED]
    cells = _consent("Email consent", channel)
    if left:
        at = max(_text(each.get("timestamp")) for each in left)
        cells = {
            "Email consent": "UNSUBSCRIBED",
            "Email consent: when": at or cells.get("Email consent: when", ""),
            "Email consent: how": "Klaviyo: suppression UNSUBSCRIBE",
        }
    stops = sorted({word for word in words if word and word != UNSUBSCRIBED})
    is_held = channel.get("can_receive_email_marketing") is False
    if not stops and is_held and cells.get("Email consent") == "SUBSCRIBED":
        stops = [BLOCKED]
    return {**cells, "Suppression": ",".join(stops)}


def _sms_consent(said: Item) -> Cells:
    channel = _object(_object(_object(said.get("subscriptions")).get("sms")).get("marketing"))
    cells = _consent("SMS consent", channel)
    is_held = channel.get("can_receive_sms_marketing") is False
    if is_held and cells.get("SMS consent") == "SUBSCRIBED":
        return {}
    return cells


def _consent(label: str, channel: Item) -> Cells:
    state = _text(channel.get("consent")).upper()
    at = _text(channel.get("consent_timestamp")) or _text(channel.get("last_updated"))
    if not state or (state == "SUBSCRIBED" and not at):
        return {}
    how = [_text(channel.get(name)) for name in ("method", "method_detail", "custom_method_detail")]
    if channel.get("double_optin") is True:
        how.append("double opt-in")
    return {
        label: state,
        f"{label}: when": at,
        f"{label}: how": "Klaviyo: " + (", ".join(filter(None, how)) or "no method"),
    }


def _who(said: Item) -> Cells:
    return {
        "Email": _text(said.get("email")),
        "Phone": _text(said.get("phone_number")),
        "Customer id": _text(said.get("external_id")),
    }


def _properties(said: Item) -> dict[str, Any]:
    """Return the merchant's own properties; what Klaviyo computes of people is left out."""
    kept = {
        name: value
        for name, value in _object(said.get("properties")).items()
        if not name.startswith("$")
    }
    for name in ("organization", "title"):
        if said.get(name):
            kept.setdefault(name, said[name])
    return kept


def _bag(properties: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in properties.items() if value not in (None, "", [], {})}
    text = json.dumps(kept, ensure_ascii=False) if kept else ""
    while len(text) > LONGEST_BAG:
        longest = max(kept, key=lambda name: len(json.dumps(kept[name])))
        del kept[longest]
        text = json.dumps(kept, ensure_ascii=False)
    return text


def _related(item: Item, name: str, included: Mapping[tuple[str, str], Item]) -> Item:
    link = _object(_object(_object(item.get("relationships")).get(name)).get("data"))
    return included.get((_text(link.get("type")), _text(link.get("id"))), {})


def _said(item: Item) -> Item:
    return _object(item.get("attributes"))


def _object(value: Any) -> Item:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()
