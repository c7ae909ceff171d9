"""Coupons of message nodes: whether their codes can be given."""

from flows.domain.graph import Graph, Message
from flows.errors import Problem
from messaging.queries.coupons import find_ended


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
