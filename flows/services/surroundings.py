"""What a definition names that only this tenant and this installation know."""

from crm.services.events import event_handlers, handlers_of
from flows.domain.graph import EventTrigger, Graph, Message, SegmentTrigger, Split
from flows.domain.nodes import Act, Branches, Call, CouponChoice, EventWait
from flows.errors import GraphError, Problem
from flows.queries import people
from flows.queries.versions import find_coupons, find_endpoints
from flows.services.conditions import check_condition
from flows.services.coupons import check_coupons
from flows.services.exits import SEGMENT_ENTERED
from messaging.choices import MessageClass

ENTERS = "flows.services.enrolment.enrol_for_events"
MUST_NOT_SELL = (MessageClass.TRANSACTIONAL, MessageClass.SAFETY)
EXITS = "flows.services.exits.exit_for_events"


def check_surroundings(graph: Graph) -> None:
    """Check what only this tenant and this installation know.

    Raises:
        GraphError: an event that sets off nothing, a condition that cannot be asked, or a segment,
            template, coupon or endpoint that does not exist.
    """
    problems = [
        *_check_events(graph),
        *_check_segments(graph),
        *_check_templates(graph),
        *_check_promotions(graph),
        *check_coupons(graph),
        *_check_effects(graph),
    ]
    if problems:
        raise GraphError(problems)
    if graph.entry_filter is not None:
        check_condition(graph.entry_filter, "entry_filter")
    for node in graph.nodes.values():
        path = f"nodes.{node.id}"
        if isinstance(node, Split):
            check_condition(node.condition, f"{path}.condition")
        if isinstance(node, Branches):
            for at, way in enumerate(node.branches):
                check_condition(way.condition, f"{path}.branches.{at}.condition")


def _check_events(graph: Graph) -> list[Problem]:
    problems = []
    if isinstance(graph.trigger, EventTrigger):
        problems += _unheard(graph.trigger.event, ENTERS, "trigger.event")
    for at, exit_on in enumerate(graph.exit_on):
        name = exit_on.event or SEGMENT_ENTERED
        problems += _unheard(name, EXITS, f"exit_on.{at}")
    for node in graph.nodes.values():
        if isinstance(node, EventWait):
            for at, match in enumerate(node.any_of):
                problems += _unheard(match.event, EXITS, f"nodes.{node.id}.any_of.{at}")
    return problems


def _check_effects(graph: Graph) -> list[Problem]:
    acts = [node for node in graph.nodes.values() if isinstance(node, Act)]
    calls = {node.id: node.effect.endpoint_id for node in acts if isinstance(node.effect, Call)}
    gifts = {
        node.id: node.effect.coupon_id for node in acts if isinstance(node.effect, CouponChoice)
    }
    endpoints, coupons = find_endpoints(calls.values()), find_coupons(gifts.values())
    return [
        *(
            Problem(f"nodes.{key}.endpoint", f"endpoint {endpoint_id} does not exist")
            for key, endpoint_id in sorted(calls.items())
            if endpoint_id not in endpoints
        ),
        *(
            Problem(f"nodes.{key}.coupon", f"coupon {coupon_id} does not exist")
            for key, coupon_id in sorted(gifts.items())
            if coupon_id not in coupons
        ),
    ]


def _unheard(name: str, handler: str, path: str) -> list[Problem]:
    if handler in handlers_of(name):
        return []
    heard = sorted(event for event, paths in event_handlers().items() if handler in paths)
    return [Problem(path, f"{name!r} sets off nothing; possible are {', '.join(heard)}")]


def _check_segments(graph: Graph) -> list[Problem]:
    named = {f"exit_on.{at}": on.segment_id for at, on in enumerate(graph.exit_on)}
    if isinstance(graph.trigger, SegmentTrigger):
        named["trigger.segment"] = graph.trigger.segment_id
    wanted = {path: segment_id for path, segment_id in named.items() if segment_id is not None}
    known = people.segment_names(wanted.values())
    return [
        Problem(path, f"segment {segment_id} does not exist")
        for path, segment_id in sorted(wanted.items())
        if segment_id not in known
    ]


def _check_templates(graph: Graph) -> list[Problem]:
    named = {node.id: node for node in graph.nodes.values() if isinstance(node, Message)}
    known = people.find_templates({node.template for node in named.values()})
    problems = []
    for key, node in sorted(named.items()):
        template = known.get(node.template)
        if template is None:
            problems.append(Problem(f"nodes.{key}.template", f"{node.template!r} does not exist"))
        elif template.channel != node.channel:
            text = f"is a template for {template.channel}, not for {node.channel}"
            problems.append(Problem(f"nodes.{key}.template", text))
    return problems


def _check_promotions(graph: Graph) -> list[Problem]:
    """Refuse mails about orders that sell: they go to people who said no to marketing."""
    about_orders = {
        node.id: node.template
        for node in graph.nodes.values()
        if isinstance(node, Message) and node.message_class in MUST_NOT_SELL
    }
    selling = people.find_selling_templates(set(about_orders.values())) if about_orders else {}
    return [
        Problem(
            f"nodes.{key}.template",
            f"{template!r} promotes ({selling[template]}), which a message about an order or for "
            "safety must not",
        )
        for key, template in sorted(about_orders.items())
        if template in selling
    ]
