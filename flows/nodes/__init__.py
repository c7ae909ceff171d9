"""What a flow can do: one module per node type, each with its JSON Schema."""

from typing import Any

from flows.nodes import (
    ab_split,
    alert,
    answer_reviews,
    branches,
    channel,
    coupon,
    delay,
    discount_guard,
    exit_node,
    goal,
    goto,
    message,
    points,
    random_share,
    split,
    tag,
    task,
    update_property,
    wait_date,
    wait_event,
    wait_stock,
    wait_until,
    webhook,
)

NODE_TYPES: tuple[dict[str, Any], ...] = tuple(
    module.NODE_TYPE
    for module in (
        message,
        delay,
        wait_until,
        wait_date,
        wait_event,
        wait_stock,
        split,
        branches,
        random_share,
        ab_split,
        channel,
        discount_guard,
        update_property,
        tag,
        points,
        coupon,
        task,
        alert,
        answer_reviews,
        webhook,
        goto,
        goal,
        exit_node,
    )
)
"""``type``, ``title``, ``description`` and ``schema`` (JSON Schema 2020-12) of each node type."""
