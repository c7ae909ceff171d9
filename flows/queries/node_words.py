"""The nodes and conditions of a definition in words, with the names of what they name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from flows.domain.conditions import MESSAGE, TRIGGER, asks_run, read_trigger
from flows.domain.graph import Delay, Exit, ExitOn, Graph, Message, Node, Split
from flows.domain.nodes import (
    ABSplit,
    Act,
    Alert,
    Award,
    Branches,
    Call,
    ChannelChoice,
    Choice,
    CouponChoice,
    DateWait,
    Effect,
    EventWait,
    Goal,
    Jump,
    PropertyChange,
    RandomShare,
    ReviewsAnswer,
    StockWait,
    TagChange,
    TaskWait,
)
from flows.domain.words import (
    speak_change,
    speak_date_wait,
    speak_delay,
    speak_match,
    speak_message,
    speak_property,
    speak_tags,
    speak_timeout,
)
from flows.queries import people
from messaging.models import Coupon, Template
from segments.domain.definitions import products_named
from segments.domain.words import begin_sentence, describe, go_on
from segments.queries.conditions import parse_definition
from segments.queries.listing import speak_money, titles_of
from stores.models import WebhookEndpoint

OWN_ZONE: Final = "In the profile's own time zone"


class Look(NamedTuple):
    """How a node is drawn."""

    kind: str
    symbol: str


_LOOKS: Final[dict[type, Look]] = {
    Message: Look("message", "mail"),
    Delay: Look("wait", "clock"),
    DateWait: Look("wait", "calendar"),
    EventWait: Look("wait", "bolt"),
    StockWait: Look("wait", "store"),
    TaskWait: Look("wait", "check"),
    Split: Look("choice", "split"),
    Branches: Look("choice", "split"),
    RandomShare: Look("choice", "split"),
    ABSplit: Look("choice", "split"),
    ChannelChoice: Look("choice", "campaign"),
    Jump: Look("jump", "return"),
    Goal: Look("end", "star"),
    Exit: Look("end", "check"),
    PropertyChange: Look("act", "edit"),
    TagChange: Look("act", "tag"),
    Award: Look("act", "gift"),
    Alert: Look("act", "bell"),
    Call: Look("act", "code"),
    CouponChoice: Look("act", "ticket"),
    ReviewsAnswer: Look("act", "chat"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What a definition names is called: templates by key, everything else by id."""

    graph: Graph
    segments: Mapping[int, str]
    templates: Mapping[str, str]
    products: Mapping[int, str]
    endpoints: Mapping[int, str]
    coupons: Mapping[int, str]

    def segment(self, segment_id: int) -> str:
        """Return the name of a segment."""
        return self.segments.get(segment_id, "a deleted segment")

    def message(self, key: str) -> str:
        """Return the name of what a message node sends."""
        node = self.graph.nodes.get(key)
        if not isinstance(node, Message):
            return key
        return self.templates.get(node.template, node.template)


def condition_words(condition: Mapping[str, Any], names: "Names") -> str:
    """Return a condition of a flow in words."""
    if MESSAGE in condition:
        return f"“{names.message(condition[MESSAGE])}” was {condition['is']}"
    if TRIGGER in condition:
        return f"What started it: {speak_property(read_trigger(condition))}"
    if asks_run(condition):
        parts = [go_on(condition_words(child, names)) for child in condition["children"]]
        if condition["op"] == "not":
            return "Not (" + ", ".join(parts) + ")"
        return begin_sentence(f" {condition['op']} ".join(parts))
    return describe(parse_definition(condition), speak_money, names.segments, names.products)


def find_names(graph: Graph) -> Names:
    """Return the names of what a definition names."""
    templates = dict(Template.objects.values_list("key", "name"))
    products = titles_of(key for condition in _conditions(graph) for key in _products_in(condition))
    effects = [node.effect for node in graph.nodes.values() if isinstance(node, Act)]
    endpoints = {effect.endpoint_id for effect in effects if isinstance(effect, Call)}
    coupons = {effect.coupon_id for effect in effects if isinstance(effect, CouponChoice)}
    return Names(
        graph,
        people.all_segment_names(),
        templates,
        products,
        _names_of(WebhookEndpoint, "url", endpoints),
        _names_of(Coupon, "name", coupons),
    )


def _names_of(model: type[WebhookEndpoint | Coupon], field: str, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return dict(model.objects.filter(pk__in=ids).values_list("pk", field))


def _conditions(graph: Graph) -> Iterator[Mapping[str, Any]]:
    if graph.entry_filter is not None:
        yield graph.entry_filter
    for node in graph.nodes.values():
        if isinstance(node, Split):
            yield node.condition
        if isinstance(node, Branches):
            yield from (way.condition for way in node.branches)


def _products_in(condition: Mapping[str, Any]) -> set[int]:
    if asks_run(condition):
        return {key for child in condition.get("children", ()) for key in _products_in(child)}
    return products_named(parse_definition(condition))


def exit_words(exit_on: ExitOn, graph: Graph, names: Names) -> str:
    """Return what ends a flow early."""
    if exit_on.segment_id is not None:
        words = f"Enters {names.segment(exit_on.segment_id)}"
    else:
        words = speak_match(exit_on.match) if exit_on.match else exit_on.event
    return f"{words} (goal)" if exit_on == graph.goal else words


def look_of(node: Node) -> Look:
    """Return kind and symbol of a node."""
    return _LOOKS[type(node.effect if isinstance(node, Act) else node)]


def shares_of(node: Node) -> dict[str, int]:
    """Return the shares of the ways of a node that draws lots, by name."""
    if isinstance(node, RandomShare | ABSplit):
        return {way.name: way.share for way in node.branches}
    return {}


def node_words(node: Node, names: Names) -> tuple[str, str]:
    """Return a node as a title and a sentence."""
    if isinstance(node, Message):
        found = names.message(node.id), speak_message(node)
    elif isinstance(node, Delay | DateWait | EventWait | StockWait | TaskWait):
        found = _wait_words(node, names)
    elif isinstance(node, Exit | Goal):
        found = ("End", node.reason) if isinstance(node, Exit) else ("Goal", node.name)
    elif isinstance(node, Act):
        found = _act_words(node.effect, names)
    else:
        found = _choice_words(node, names)
    return found


def _wait_words(
    node: Delay | DateWait | EventWait | StockWait | TaskWait, names: Names
) -> tuple[str, str]:
    match node:
        case Delay(zone=zone):
            return speak_delay(node), zone or OWN_ZONE
        case DateWait(zone=zone, at=at):
            return speak_date_wait(node), f"At {at:%H:%M} for a date alone. {zone or OWN_ZONE}"
        case EventWait(any_of=any_of):
            said = " or ".join(speak_match(match, names.message(match.message)) for match in any_of)
            lead = "until" if all(match.message for match in any_of) else "for"
            return f"Wait {lead} {said}", speak_timeout(node)
        case StockWait(min_units=pieces):
            least = f"{pieces} piece{'' if pieces == 1 else 's'} or more. "
            return "Wait until back in stock", least + speak_timeout(node)
        case TaskWait(title=title, assignee=assignee):
            whose = f"For {assignee}. " if assignee else "For your team. "
            return f"Task: {title}", whose + speak_timeout(node)


def _choice_words(node: Split | Choice | Jump, names: Names) -> tuple[str, str]:
    match node:
        case Split() | Branches():
            return _condition_words_of(node, names)
        case RandomShare():
            return "Random share", "Drawn anew at each visit"
        case ABSplit(winner=winner, metric=metric):
            found = f"The winner is found by {metric}" if metric else ""
            words = f"Winner: {winner}" if winner else found
            return "A/B split", words or "The same for ever for a person"
        case ChannelChoice(by_history=by_history):
            first = "Where they opened or clicked last, then in this order"
            return "Choose the channel", first if by_history else "The first that reaches them"
        case Jump(target=target, max_visits=visits):
            title = _target_words(target, names)
            return "Go to", f"“{title}”, {visits} time{'' if visits == 1 else 's'} at most"


def _condition_words_of(node: Split | Branches, names: Names) -> tuple[str, str]:
    if isinstance(node, Split):
        return "Split", condition_words(node.condition, names)
    said = [f"{way.name}: {condition_words(way.condition, names)}" for way in node.branches]
    return "Branches", "; ".join(said)


def _act_words(effect: Effect, names: Names) -> tuple[str, str]:
    match effect:
        case PropertyChange():
            return "Update a property", speak_change(effect)
        case TagChange():
            return "Change tags", speak_tags(effect)
        case Award(points=points, note=note):
            return f"Give {points:,} point{'' if points == 1 else 's'}", note
        case _:
            return _told_words(effect, names)


def _told_words(
    effect: Alert | Call | CouponChoice | ReviewsAnswer, names: Names
) -> tuple[str, str]:
    match effect:
        case Alert(text=text):
            return "Tell your team", text
        case Call(endpoint_id=key):
            return "Call a webhook", names.endpoints.get(key, "A deleted endpoint")
        case CouponChoice(coupon_id=key):
            return "Choose a coupon", names.coupons.get(key, "A deleted coupon")
        case ReviewsAnswer():
            return "Settle bad reviews", "They count as answered, and promotions go on"


def _target_words(key: str, names: Names) -> str:
    node = names.graph.nodes.get(key)
    if node is None or isinstance(node, Jump):
        return key
    return node_words(node, names)[0]
