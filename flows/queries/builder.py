"""What the builder of flows has to know: what a flow can do, and what can be chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crm.services.events import event_handlers, handlers_of
from flows.domain.usual import BY_EVENT, BY_KEY, OF_ONE_ORDER, OF_ORDERS
from flows.domain.values import ORDER_PLACED
from flows.models import Flow, FlowVersion
from flows.nodes import NODE_TYPES
from flows.nodes.rules import RULES_SCHEMA
from flows.nodes.triggers import TRIGGER_TYPES
from flows.queries.pages import count_nodes
from messaging.models import Template
from messaging.queries.coupons import list_choices
from segments.domain.starters import CORE_STARTERS
from segments.queries.suggestions import Asked, list_suggestions
from stores.models import WebhookEndpoint

MOST: Final = 30
ENTERS: Final = "flows.services.enrolment.enrol_for_events"
EXITS: Final = "flows.services.exits.exit_for_events"
_WAITS: Final = ("Waits", "clock")
_WAYS: Final = ("Ways", "split")
_ACTS: Final = ("Actions", "bolt")
_ENDS: Final = ("Ends", "check")
GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "message": ("Messages", "mail"),
    "delay": _WAITS,
    "wait_until": _WAITS,
    "wait_date": ("Waits", "calendar"),
    "wait_event": ("Waits", "bolt"),
    "wait_stock": ("Waits", "store"),
    "split": _WAYS,
    "branches": _WAYS,
    "random": _WAYS,
    "ab_split": _WAYS,
    "channel": ("Ways", "campaign"),
    "discount_guard": ("Ways", "tag"),
    "goto": ("Ways", "return"),
    "update_property": ("Actions", "edit"),
    "tag": ("Actions", "tag"),
    "points": ("Actions", "gift"),
    "coupon": ("Actions", "ticket"),
    "alert": ("Actions", "bell"),
    "webhook": ("Actions", "code"),
    "answer_reviews": ("Actions", "chat"),
    "goal": ("Ends", "star"),
    "exit": _ENDS,
}
"""Where a type of node stands in the menu, and its icon; one that is not named is an action."""
ALSO_CALLED: Final[Mapping[str, str]] = {
    "message": "email sms whatsapp push mail text",
    "delay": "time delay pause",
    "split": "conditional split trigger split if condition",
    "branches": "multi-branch switch if",
    "random": "percent sample",
    "ab_split": "test experiment variation",
    "alert": "notification internal",
    "update_property": "profile field",
    "coupon": "discount code",
    "task": "call to-do",
    "webhook": "http api",
    "exit": "end stop",
}
"""Words by which a type of node is found as well: what other tools call it."""
_STARTERS: Final = {starter.key: starter for starter in CORE_STARTERS}
OFTEN: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    *((_STARTERS[key].name, _STARTERS[key].definition) for key in ("repeat", "vip", "unhappy")),
    ("Bought what is used up", {"bought": {"flag": ["consumable"]}, "within": {"days": 60}}),
    ("Subscribed to SMS", {"consent": "sms", "is": "subscribed"}),
)
"""What splits ask most often, by name: a press takes it."""
OFTEN_OF: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    ORDER_PLACED: {
        "This order has what is used up": {
            "trigger": "product_flags",
            "is": "contains",
            "value": "consumable",
        }
    }
}
"""The same of the event that started the run, by its name."""
WORDS: Final[Mapping[str, str]] = {
    "email": "Email",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "push": "Push",
    "promotional": "Promotional",
    "behavioural": "Behavioural",
    "transactional": "Transactional",
    "safety": "Safety notice",
    "service": "Service",
    "hold": "Hold until they end",
    "skip": "Skip the message",
    "auto": "By the event",
    "items": "The items of the event",
    "nothing": "No item",
    "first": "In this order",
    "history": "Where they opened or clicked last",
    "node": "When they come here",
    "start": "The event that started it",
    "longest": "Who waits longest",
    "best": "Who has bought for most",
    "set": "Set to",
    "add": "Add",
    "now": "Set to the present time",
    "copy": "Copy from the event",
    "remove": "Remove",
    "before": "before it",
    "after": "after it",
    "opened": "opened",
    "clicked": "clicked",
    "live": "On",
    "manual": "Somebody looks at each first",
    "draft": "Draft: nobody gets it",
    "off": "Off: nobody gets it",
    "mon": "Mon",
    "tue": "Tue",
    "wed": "Wed",
    "thu": "Thu",
    "fri": "Fri",
    "sat": "Sat",
    "sun": "Sun",
    "=": "is",
    "!=": "is not",
    ">": "is more than",
    ">=": "is at least",
    "<": "is less than",
    "<=": "is at most",
    "contains": "contains",
    "in": "is one of",
    "is_set": "is set",
    "not_set": "is not set",
}
"""What the words of the schemas are called in forms; others are shown as they are."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing to choose: its value, what it is called, and what else is said of it."""

    value: str
    label: str
    note: str = ""
    more: Mapping[str, str] | None = None


def describe_types() -> dict[str, Any]:
    """Return what a flow can do and what starts it, as plain values."""
    return {
        "types": [_describe_type(each) for each in NODE_TYPES],
        "triggers": list(TRIGGER_TYPES),
        "rules": RULES_SCHEMA,
        "words": dict(WORDS),
        "often": [{"name": name, "condition": condition} for name, condition in OFTEN],
        "oftenOf": {
            event: [{"name": name, "condition": asked} for name, asked in often.items()]
            for event, often in OFTEN_OF.items()
        },
        "reentry": {"events": dict(BY_EVENT), "keys": dict(BY_KEY)},
        "about": dict.fromkeys(OF_ORDERS, OF_ONE_ORDER),
    }


def list_offers(of: str, text: str, ids: str) -> list[Offer] | None:
    """Return what can be chosen; None where nobody offers such a thing.

    Args:
        of: a word of `SOURCES`.
        text: part of the name.
        ids: values whose names are asked for instead, comma-separated.
    """
    find = SOURCES.get(of)
    return None if find is None else find(text, {word for word in ids.split(",") if word})


def list_properties(event: str, text: str) -> list[Offer]:
    """Return the properties that the newest events of a name have."""
    found = list_suggestions(Asked(of="event_property", event=event, text=text))
    return [Offer(one.value, one.label, one.note) for one in found[:MOST]]


def count_live(flow: Flow) -> dict[str, Any]:
    """Return what happened at each step so far, as plain numbers; empty before it was published."""
    if not flow.version_number:
        return {}
    return {
        key: {
            "waiting": counts.waiting,
            "failed": counts.failed,
            "passed": counts.passed,
            "results": dict(counts.results),
            "messages": dict(counts.messages),
        }
        for key, counts in count_nodes(flow.pk).items()
    }


def list_models(*, limit: int = 100) -> list[tuple[int, str, str]]:
    """Return id, name and description of the published flows that a new one can begin with."""
    flows = Flow.objects.filter(version_number__gt=0).order_by("name", "pk")
    return list(flows.values_list("pk", "name", "description")[:limit])


def find_live_graph(flow_id: int) -> dict[str, Any] | None:
    """Return the definition that a flow runs by; None before its first publication."""
    flow = Flow.objects.filter(pk=flow_id).first()
    if flow is None:
        return None
    versions = FlowVersion.objects.filter(flow_id=flow_id, number=flow.version_number)
    return versions.values_list("graph", flat=True).first()


def _describe_type(described: Mapping[str, Any]) -> dict[str, Any]:
    group, icon = GROUPS.get(described["type"], _ACTS)
    also = ALSO_CALLED.get(described["type"], "")
    return {**described, "group": group, "icon": icon, "also": also}


def _events(handler: str, text: str) -> list[Offer]:
    """Return events that a handler hears: first those that happened here."""
    seen = [one.value for one in list_suggestions(Asked(of="event", text=text))]
    known = [name for name in sorted(event_handlers()) if text.casefold() in name.casefold()]
    names = dict.fromkeys([*seen, *known])
    heard = [name for name in names if name != "*" and handler in handlers_of(name)]
    return [Offer(name, name, "" if name in seen else "none yet") for name in heard[:MOST]]


def _starting(text: str, wanted: set[str]) -> list[Offer]:
    return _events(ENTERS, text)


def _ending(text: str, wanted: set[str]) -> list[Offer]:
    return _events(EXITS, text)


def _templates(text: str, wanted: set[str]) -> list[Offer]:
    found = Template.objects.filter(is_archived=False)
    if wanted:
        found = Template.objects.filter(key__in=wanted)
    elif text:
        found = found.filter(name__icontains=text)
    rows = found.order_by("-updated_at", "-pk").values_list(
        "key", "name", "channel", "message_class", "pk"
    )
    return [
        Offer(
            key,
            name,
            f"{WORDS.get(channel, channel)}, {WORDS.get(kind, kind).lower()}",
            {"channel": channel, "message_class": kind, "id": str(pk)},
        )
        for key, name, channel, kind, pk in rows[:MOST]
    ]


def _segments(text: str, wanted: set[str]) -> list[Offer]:
    known = tuple(int(word) for word in wanted if word.isdecimal() and len(word) < 19)  # noqa: PLR2004 bigint
    found = list_suggestions(Asked(of="segment", text=text, ids=known))
    return [Offer(one.value, one.label, one.note) for one in found[:MOST]]


def _coupons(text: str, wanted: set[str]) -> list[Offer]:
    return [
        Offer(str(pk), name)
        for pk, name in list_choices()
        if (str(pk) in wanted if wanted else text.casefold() in name.casefold())
    ][:MOST]


def _endpoints(text: str, wanted: set[str]) -> list[Offer]:
    rows = WebhookEndpoint.objects.order_by("pk").values_list("pk", "url")
    return [
        Offer(str(pk), url)
        for pk, url in rows
        if (str(pk) in wanted if wanted else text.casefold() in url.casefold())
    ][:MOST]


def _tags(text: str, wanted: set[str]) -> list[Offer]:
    found = list_suggestions(Asked(of="field", name="tags", text=text))
    return [Offer(one.value, one.label, one.note) for one in found[:MOST]]


def _properties(text: str, wanted: set[str]) -> list[Offer]:
    found = list_suggestions(Asked(of="property", text=text))
    return [Offer(one.value, one.label, one.note) for one in found[:MOST]]


SOURCES: Final[Mapping[str, Callable[[str, set[str]], list[Offer]]]] = {
    "starting-event": _starting,
    "event": _ending,
    "template": _templates,
    "segment": _segments,
    "coupon": _coupons,
    "endpoint": _endpoints,
    "tag": _tags,
    "property": _properties,
}
"""What lists things to choose, by the word that asks for it."""
