"""Coupons of message nodes: whether they can be given, and which there are to choose from."""

from typing import Any

from flows.domain.graph import Graph, Message
from flows.errors import Problem
from flows.nodes import NODE_TYPES
from messaging.queries.coupons import find_ended, list_choices


def check_coupons(graph: Graph) -> list[Problem]:
    """Return the faults of the coupons that messages name: none of the tenant's, or one that ended.

    A paused one is none: its messages wait, and the page of coupons says so.
    """
    named = {
        node.id: node.coupon_id
        for node in graph.nodes.values()
        if isinstance(node, Message) and node.coupon_id is not None
    }
    if not named:
        return []
    known = find_ended(set(named.values()))
    return [
        Problem(
            f"nodes.{key}.coupon",
            "names a coupon that has ended"
            if coupon_id in known
            else f"names coupon {coupon_id}, which does not exist",
        )
        for key, coupon_id in named.items()
        if known.get(coupon_id, True)
    ]


def list_node_types() -> list[dict[str, Any]]:
    """Describe every type of node; a message says which coupons of the tenant it can name."""
    return [_with_coupons(each) if each["type"] == "message" else each for each in NODE_TYPES]


def _with_coupons(described: dict[str, Any]) -> dict[str, Any]:
    schema = described["schema"]
    choices = [{"const": str(pk), "title": title} for pk, title in list_choices()]
    usual = {"const": None, "title": "That of the template"}
    coupon = {**schema["properties"]["coupon"], "oneOf": [usual, *choices]}
    properties = {**schema["properties"], "coupon": coupon}
    return {**described, "schema": {**schema, "properties": properties}}
