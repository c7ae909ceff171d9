"""Bulk operations: Shopify puts everything of a kind into one file, a JSON object in each line.

An object is followed by what is connected to it. The file is read a stretch at a time, cut where
the last object of the stretch begins; memory does not grow with the file.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullBusy, PullUnavailable
from stores.platforms.fields import Json, child, children, text
from stores.platforms.shopify.admin import ask
from stores.platforms.shopify.graphql import BULK, BULK_STATE, RUN_BULK
from stores.types import StoreAccess

STRETCH: Final = 1024 * 1024
LARGEST: Final = 64 * STRETCH
BUSY_SECONDS: Final = 30.0
BUSY: Final = "Shopify is putting other data together for the same app"
_OPERATION: Final = re.compile(r"gid://shopify/BulkOperation/\d+")

Node = dict[str, Any]


@dataclass(slots=True)
class Group:
    """An object of the file.

    Attributes:
        inside: what is connected to it.
        start: place of its line in the stretch, in bytes.
    """

    node: Node
    start: int
    inside: list[Node] = field(default_factory=list)


def begin(access: StoreAccess, client: Client, stage: str) -> str:
    """Let Shopify begin; one of a worker that died before it could note it is taken over.

    Returns:
        The id of the operation; empty where Shopify does not take the query in bulk.

    Raises:
        PullBusy: another operation of the same app is under way.
    """
    reply = ask(access, client, RUN_BULK, {"query": BULK[stage]})
    payload = child(reply.data, "bulkOperationRunQuery")
    if begun := text(child(payload, "bulkOperation"), "id"):
        return begun
    errors = children(payload, "userErrors")
    if not any(_is_busy(error) for error in errors):
        return ""
    found = _OPERATION.search(" ".join(text(error, "message") for error in errors))
    state = look(access, client, found[0]) if found else {}
    if found and text(state, "query").split() == BULK[stage].split():
        return found[0]
    raise PullBusy(BUSY_SECONDS, BUSY)


def look(access: StoreAccess, client: Client, operation: str) -> Json:
    """Return how far an operation is; empty when Shopify forgot it."""
    return child(ask(access, client, BULK_STATE, {"id": operation}).data, "node")


def read_stretch(client: Client, url: str, start: int) -> tuple[list[Group], int | None]:
    """Read the objects that begin at a place of the file.

    Returns:
        Objects that are whole, and how many bytes they take; None: they are the last.

    Raises:
        PullUnavailable: the file cannot be fetched or read.
    """
    size = STRETCH
    while size <= LARGEST:
        answer = client.get_span(url, start, size)
        if answer.status != 200:  # noqa: PLR2004 OK
            raise PullUnavailable(f"Shopify's file cannot be fetched ({answer.status})")
        is_last = len(answer.body) < size
        groups, end = split_groups(answer.body, is_last=is_last)
        if is_last:
            return groups, None
        if groups:
            return groups, end
        size *= 2
    raise PullUnavailable("One object of Shopify's file is too large")


def split_groups(body: bytes, *, is_last: bool) -> tuple[list[Group], int]:
    """Split a stretch of the file into objects, each with what is connected to it.

    Args:
        body: begins with the line of an object.
        is_last: whether the file ends with it; else its last object is left for the next.

    Returns:
        The objects, and the place where the first of the others begins.

    Raises:
        PullUnavailable: it is broken, or not in the order that was asked for.
    """
    groups: list[Group] = []
    start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        if end < 0 and not is_last:
            break
        end = len(body) if end < 0 else end
        if line := body[start:end].strip():
            _take_line(groups, line, start)
        start = end + 1
    if is_last:
        return groups, len(body)
    left = groups.pop() if groups else None
    return groups, left.start if left else 0


def _take_line(groups: list[Group], line: bytes, start: int) -> None:
    try:
        node = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise PullUnavailable("Shopify's file is broken: a line is not JSON") from exc
    if not isinstance(node, dict):
        raise PullUnavailable("Shopify's file is broken: a line is not an object")
    parent = node.pop("__parentId", None)
    if parent is None:
        groups.append(Group(node, start))
    elif groups and groups[-1].node.get("id") == parent:
        groups[-1].inside.append(node)
    else:
        raise PullUnavailable("Shopify's file is broken: a line is not below what it belongs to")


def _is_busy(error: Json) -> bool:
    is_told = text(error, "code") in {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}
    return is_told or "already in progress" in text(error, "message")


def take(groups: Sequence[Group], most: int, most_refunds: int) -> Sequence[Group]:
    """Return the first objects that one page holds, at least one."""
    refunds = 0
    for place, group in enumerate(groups):
        refunds += len(children(group.node, "refunds"))
        if place and (place >= most or refunds > most_refunds):
            return groups[:place]
    return groups
