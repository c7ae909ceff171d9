"""Pulling a Shopify shop: everything in bulk, then and ever after what changed, page by page.

A stage of a first fill lets Shopify put all objects of a kind into a file, reads the file, and then
asks for what changed while it was made, by Shopify's own clock. Where Shopify does not get a file
done, the same is read page by page.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullRefused, PullUnavailable
from stores.platforms.fields import Json, child, children, text, whole
from stores.platforms.shopify import bulk
from stores.platforms.shopify.admin import Cost, Reply, TooCostly, ask, domain_of
from stores.platforms.shopify.graphql import (
    CHECK,
    CHILD_PAGE,
    CHILDREN,
    COUNT,
    LISTS,
    MORE,
    MORE_PAGE,
    MORE_PAYMENTS,
    MORE_REFUNDED,
    REFUNDS,
)
from stores.platforms.shopify.shapes import (
    last_of,
    shape_customer,
    shape_order,
    shape_product,
    shape_refund,
)
from stores.types import Pulled, PulledPage, PullPlan, StoreAccess

STAGES: Final = ("products", "customers", "orders")
KINDS: Final = {"products": "product", "customers": "customer", "orders": "order"}
TOPICS: Final = {
    "products": "products/update",
    "customers": "customers/update",
    "orders": "orders/updated",
}
SCOPES: Final = ("read_customers", "read_orders", "read_products")
ALL_ORDERS: Final = "read_all_orders"
FIRST_SIZE: Final = 10
LARGEST_SIZE: Final = 100
AIM: Final = 500
"""Points that one request for a page may cost; Shopify allows 1,000."""
REFUNDS_AT_ONCE: Final = 4
REFUNDS_A_PAGE: Final = 40
LINES_OF_REFUND: Final = 20
ROOTS_A_PAGE: Final = 400
FIRST_LOOK: Final = 2.0
LONGEST_LOOK: Final = 30.0
BULK_TRIES: Final = 3
INDEX_LAG: Final = timedelta(minutes=2)
"""How far Shopify's filters may be behind its objects."""
SAME_PAGE: Final = "Shopify gives the same page again and again"

Cursor = Mapping[str, Any]


class ShopifyPull:
    """The platform as a pull sees it."""

    def check(self, access: StoreAccess, client: Client) -> str:
        """Name the scopes that are missing, else what there is to read."""
        found = ask(access, client, CHECK).data
        lacking = _lacking(found)
        needed = [scope for scope in SCOPES if scope in lacking]
        if needed:
            many = "s" if len(needed) > 1 else ""
            raise PullRefused(
                f"The app lacks the scope{many} {', '.join(needed)}; give it what is missing, "
                "and install it again"
            )
        counts = _count(access, client, "")
        words = ", ".join(
            f"{counts[stage]:,} {stage if counts[stage] != 1 else KINDS[stage]}" for stage in STAGES
        )
        shop = text(child(found, "shop"), "name") or "The shop"
        if ALL_ORDERS in lacking:
            return (
                f"{shop} answers: {words}. Orders older than 60 days are kept back, because the "
                f"app lacks the scope {ALL_ORDERS}."
            )
        return f"{shop} answers: {words}."

    def start(self, access: StoreAccess, client: Client, since: datetime | None) -> PullPlan:
        after = stamp(since) if since else ""
        expected = sum(_count(access, client, after).values())
        return PullPlan(cursor=_begin_stage(STAGES[0], after), expected=expected)

    def fetch(self, access: StoreAccess, client: Client, cursor: Cursor) -> PulledPage:
        steps = {"run": _run, "read": _read, "list": _list}
        return steps[str(cursor["step"])](access, client, cursor)


def _begin_stage(stage: str, since: str) -> dict[str, Any]:
    """Return where a stage begins: in bulk where everything is wanted.

    ``since`` stays for the stages to come; ``after`` is what this one is filtered by.
    """
    step = "list" if since else "run"
    return {"stage": stage, "step": step, "since": since, "after": since, "fails": 0}


def _next_stage(cursor: Cursor) -> dict[str, Any] | None:
    place = STAGES.index(str(cursor["stage"])) + 1
    return _begin_stage(STAGES[place], str(cursor["since"])) if place < len(STAGES) else None


def _run(access: StoreAccess, client: Client, cursor: Cursor) -> PulledPage:
    """Let Shopify put a stage into a file."""
    stage = str(cursor["stage"])
    operation = bulk.begin(access, client, stage)
    if not operation:
        return PulledPage([], 0, {**cursor, "step": "list"})
    begun = {"step": "read", "operation": operation, "looks": 0, "start": 0, "roots": 0}
    resting = f"Shopify puts the {stage} together"
    return PulledPage([], 0, {**cursor, **begun}, FIRST_LOOK, resting)


def _read(access: StoreAccess, client: Client, cursor: Cursor) -> PulledPage:
    """Look whether the file is done, and read the next stretch of it."""
    state = bulk.look(access, client, str(cursor["operation"]))
    status = text(state, "status")
    if status in {"CREATED", "RUNNING"}:
        return _look_again(cursor, state)
    count = whole(state, "objectCount")
    if status != "COMPLETED" or (count and not text(state, "url")):
        return _fail(cursor, state)
    if not count:
        return PulledPage([], 0, _catch_up(cursor, state))
    stage, start = str(cursor["stage"]), int(cursor["start"])
    groups, length = bulk.read_stretch(client, text(state, "url"), start)
    taken = bulk.take(groups, ROOTS_A_PAGE, REFUNDS_A_PAGE)
    found = [(group.node, group.inside) for group in taken]
    roots = int(cursor["roots"]) + len(taken)
    following: dict[str, Any] = {**cursor, "roots": roots}
    if len(taken) < len(groups):
        following["start"] = start + groups[len(taken)].start
    elif length is not None:
        following["start"] = start + length
    elif roots < whole(state, "rootObjectCount"):
        return _fail(cursor, state)
    else:
        following = _catch_up(cursor, state)
    return PulledPage(_shape(access, client, stage, found), len(taken), following)


def _look_again(cursor: Cursor, state: Json) -> PulledPage:
    looks = int(cursor["looks"]) + 1
    rest = min(LONGEST_LOOK, FIRST_LOOK * 2**looks)
    count = whole(state, "objectCount")
    so_far = f", {count:,} so far" if count else ""
    resting = f"Shopify puts the {cursor['stage']} together{so_far}"
    return PulledPage([], 0, {**cursor, "looks": looks}, rest, resting)


def _fail(cursor: Cursor, state: Json) -> PulledPage:
    """Let Shopify try again; in the end read the same page by page."""
    stage, fails = str(cursor["stage"]), int(cursor["fails"]) + 1
    if text(state, "errorCode") == "ACCESS_DENIED":
        raise PullRefused(f"Shopify does not let the app read the {stage}")
    step = "run" if fails < BULK_TRIES else "list"
    following = {**_begin_stage(stage, str(cursor["since"])), "step": step, "fails": fails}
    return PulledPage([], 0, following, LONGEST_LOOK, f"Shopify did not get the {stage} together")


def _catch_up(cursor: Cursor, state: Json) -> dict[str, Any]:
    """Return the cursor of what changed since Shopify began with the file."""
    stage, since = str(cursor["stage"]), str(cursor["since"])
    try:
        began_at = datetime.fromisoformat(text(state, "createdAt"))
    except ValueError as exc:
        raise PullUnavailable("Shopify names no time at which it began with its file") from exc
    after = stamp(began_at - INDEX_LAG)
    return {**_begin_stage(stage, since), "step": "list", "after": after, "is_again": True}


def _list(access: StoreAccess, client: Client, cursor: Cursor) -> PulledPage:
    """Fetch a page of what changed, oldest change first; one that changes meanwhile comes again."""
    stage = str(cursor["stage"])
    size = int(cursor.get("size", FIRST_SIZE))
    try:
        reply = ask(access, client, LISTS[stage], _variables(cursor, size))
    except TooCostly as exc:
        if size == 1:
            raise PullRefused(f"Shopify does not let the {stage} be read: {exc}") from exc
        return PulledPage([], 0, {**cursor, "size": max(1, size // 2)})
    connection = child(reply.data, stage)
    nodes = children(connection, "nodes")
    edge = set(cursor.get("edge", ()))
    fresh = 0 if cursor.get("is_again") else sum(1 for node in nodes if _number(node) not in edge)
    following = _turn_page(cursor, connection, nodes)
    if following is not None and following["stage"] == stage:
        following["size"] = next_size(size, reply.cost)
    return PulledPage(
        complete(access, client, stage, nodes),
        fresh,
        following,
        reply.cost.rest() if reply.cost else 0.0,
    )


def _variables(cursor: Cursor, size: int) -> dict[str, Any]:
    return {
        "first": size,
        "after": cursor.get("page"),
        "filter": _filter(str(cursor["after"])),
        "inside": CHILD_PAGE[str(cursor["stage"])],
    }


def _turn_page(cursor: Cursor, connection: Json, nodes: Sequence[Json]) -> dict[str, Any] | None:
    """Return where the next page is found; a page that leads to itself is no page."""
    info = child(connection, "pageInfo")
    if info.get("hasNextPage") is not True:
        return _next_stage(cursor)
    page = text(info, "endCursor")
    if not page or page == cursor.get("page"):
        raise PullUnavailable(SAME_PAGE)
    return {**cursor, "page": page, "edge": [_number(node) for node in nodes]}


def next_size(size: int, cost: Cost | None) -> int:
    """Return how many objects are asked for next, so that the request costs about `AIM`."""
    if cost is None or cost.requested <= 0:
        return size
    aim = min(AIM, cost.most / 2)
    return max(1, min(LARGEST_SIZE, int(size * aim / cost.requested)))


def complete(
    access: StoreAccess, client: Client, stage: str, nodes: Sequence[Json]
) -> list[Pulled]:
    """Return objects as their webhooks word them, with all that is connected to them.

    Args:
        access: how the shop is asked.
        client: of this turn.
        stage: one of `STAGES`.
        nodes: each with the first page of what `CHILDREN` names.
    """
    connected = [
        (node, _connected(access, client, node, CHILDREN[stage], MORE[stage])) for node in nodes
    ]
    return _shape(access, client, stage, connected)


def _shape(
    access: StoreAccess, client: Client, stage: str, found: Sequence[tuple[Json, Sequence[Json]]]
) -> list[Pulled]:
    refunds: dict[str, Json] = {}
    if stage == "orders":
        ids = [each["id"] for node, _ in found for each in children(node, "refunds")]
        refunds = _fetch_refunds(access, client, ids)
    domain = domain_of(access)
    return [
        _pulled(stage, node, _shape_one(stage, node, inside, refunds, domain))
        for node, inside in found
    ]


def _shape_one(
    stage: str, node: Json, inside: Sequence[Json], refunds: Mapping[str, Json], domain: str
) -> Json:
    if stage == "orders":
        return shape_order(node, inside, refunds)
    if stage == "customers":
        return shape_customer(node, inside)
    return shape_product(node, inside, domain)


def _pulled(stage: str, node: Json, shape: Json) -> Pulled:
    body = json.dumps(shape, ensure_ascii=False).encode("utf-8", "replace")
    return Pulled(name=f"{KINDS[stage]}:{_number(node)}", topic=TOPICS[stage], body=body)


def _fetch_refunds(access: StoreAccess, client: Client, ids: Sequence[str]) -> dict[str, Json]:
    """Return refunds by their ids, each with all of its lines."""
    found: dict[str, Json] = {}
    at_once, start = REFUNDS_AT_ONCE, 0
    while start < len(ids):
        some = ids[start : start + at_once]
        try:
            reply = ask(access, client, REFUNDS, {"ids": some, "first": LINES_OF_REFUND})
        except TooCostly as exc:
            if at_once == 1:
                raise PullRefused(f"Shopify does not let refunds be read: {exc}") from exc
            at_once = max(1, at_once // 2)
            continue
        start += len(some)
        for node in children(reply.data, "nodes"):
            lines = _connected(access, client, node, "refundLineItems", MORE_REFUNDED)
            payments = _connected(access, client, node, "transactions", MORE_PAYMENTS)
            found[text(node, "id")] = shape_refund(node, lines, payments)
    if any(each not in found for each in ids):
        raise PullUnavailable("Shopify names a refund that it does not give")
    return found


def _connected(
    access: StoreAccess, client: Client, node: Json, connection: str, query: str
) -> list[Json]:
    """Return everything that is connected to an object, also what its first page lacks."""
    page = child(node, connection)
    found, after = children(page, "nodes"), ""
    while child(page, "pageInfo").get("hasNextPage") is True:
        before, after = after, text(child(page, "pageInfo"), "endCursor")
        if after in ("", before):
            raise PullUnavailable(SAME_PAGE)
        variables = {"id": text(node, "id"), "first": MORE_PAGE, "after": after}
        page = child(child(ask(access, client, query, variables).data, "node"), connection)
        found += children(page, "nodes")
    return found


def _count(access: StoreAccess, client: Client, after: str) -> dict[str, int]:
    reply: Reply = ask(access, client, COUNT, {"filter": _filter(after)})
    return {stage: whole(child(reply.data, stage), "count") for stage in STAGES}


def _lacking(found: Json) -> set[str]:
    """Return the scopes that the token has not; who may write may read."""
    given = _handles(children(child(found, "currentAppInstallation"), "accessScopes"))
    given |= {scope.replace("write_", "read_", 1) for scope in given}
    return {*SCOPES, ALL_ORDERS} - given


def _handles(scopes: Iterable[Json]) -> set[str]:
    return {text(scope, "handle") for scope in scopes}


def _filter(after: str) -> str | None:
    return f"updated_at:>='{after}'" if after else None


def stamp(at: datetime) -> str:
    """Return a time as filters word it, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _number(node: Json) -> str:
    return text(node, "legacyResourceId") or last_of(text(node, "id"))
