"""A stand-in for the Admin API of a Shopify shop: pages, points, bulk operations, faults, a clock.

It answers queries from plain objects (`shopify_graph`). Costs are counted as Shopify words it: one
point for an object, two and its objects for a connection; a request over 1,000 is refused, and one
that finds too few points in the bucket is throttled.
"""

import json
import operator
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from kernel import clock
from tests.support.serving import answering
from tests.support.shopify_graph import Listed, Node, Query, inner_fields, split_bulk
from tests.support.shopify_objects import ManyOrders
from tests.support.shopify_writes import Writes

TOKEN = "shpat_1"
CLIENT_ID, CLIENT_SECRET = "app-1", "shpss_1"
MOST_A_REQUEST = 1_000
CONDITION = re.compile(r"(\w+):(>=|<)'([^']+)'")
FILTERED = {"updated_at": "updatedAt", "processed_at": "processedAt"}
SORTED = {"UPDATED_AT": "updatedAt", "PROCESSED_AT": "processedAt"}
EVERYTHING = ("read_products", "read_customers", "read_orders", "read_all_orders")


class ShopifyApi(ThreadingHTTPServer):
    """Holds what a shop knows, in the shape of the Admin API.

    Attributes:
        objects: by root connection; a connection inside of an object is a list.
        scopes: of the app.
        fails: answers to give first: status, headers and body.
        asked: kind (``orders``, ``nodes``, ``bulkOperationRunQuery``) and variables of requests.
        fetched: the stretches of files that were asked for.
        before_answer: called with the kind before each answer, to change the shop or to kill.
        after_answer: called with the kind once the work is done; True: nobody hears of it.
        writes: what was changed from outside.
        skew: how far the shop's clock is ahead.
        points, restores: in the bucket, and what comes back in a second.
        looks_until_done: how often a bulk operation is still running when it is looked at.
        states: of the next bulk operations in the place of COMPLETED.
        ignores_ranges: whether files are sent whole.
        refuses_bulk: the user errors of the next bulk operations.
        subscriptions: of webhooks, by their ids.
        refused_topics: reasons why topics cannot be registered.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.objects: dict[str, Sequence[Node]] = {"products": [], "customers": [], "orders": []}
        self.scopes: Sequence[str] = EVERYTHING
        self.fails: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fetched: list[str] = []
        self.before_answer: Callable[[str], None] = lambda kind: None
        self.after_answer: Callable[[str], bool] = lambda kind: False
        self.writes = Writes(lambda: self.objects["customers"])
        self.skew = timedelta()
        self.most = 2_000.0
        self.points = 2_000.0
        self.restores = 100.0
        self.filled_at = clock.now()
        self.looks_until_done = 1
        self.states: list[str] = []
        self.ignores_ranges = False
        self.refuses_bulk: list[Any] = []
        self.operations: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.refused_topics: dict[str, str] = {}
        self.tokens = {TOKEN}
        self.throttled = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def kinds(self) -> list[str]:
        """Return what was asked for, in order."""
        return [kind for kind, _ in self.asked]

    def select(self, root: str, arguments: Mapping[str, Any]) -> list[Node]:
        """Return the objects of a root connection that a filter leaves, in the order asked for."""
        found: Sequence[Node] = self.objects[root]
        for name, sign, value in read_filter(arguments.get("query") or ""):
            at = datetime.fromisoformat(value)
            holds = operator.ge if sign == ">=" else operator.lt
            found = [each for each in found if holds(datetime.fromisoformat(each[name]), at)]
        return sorted(found, key=_place_by(arguments))

    def find(self, gid: str) -> Node | None:
        """Return any object by its id; a refund lies in its order."""
        if gid in self.operations:
            return self._look(gid)
        orders = self.objects["orders"]
        if isinstance(orders, ManyOrders):
            return orders.find(gid)
        refunds = (refund for order in orders for refund in order["refunds"])
        found = chain(refunds, *self.objects.values())
        return next((each for each in found if each["id"] == gid), None)

    def resolvers(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        """Return what can be asked for."""
        return {
            "shop": lambda _: {"name": "Ada Soap"},
            "currentAppInstallation": lambda _: {
                "accessScopes": [{"handle": scope} for scope in self.scopes]
            },
            "node": lambda arguments: self.find(arguments["id"]),
            "nodes": lambda arguments: [self.find(each) for each in arguments["ids"]],
            "bulkOperationRunQuery": self._begin,
            "webhookSubscriptions": self._subscriptions_of,
            "webhookSubscriptionCreate": self._subscribe,
            "webhookSubscriptionDelete": self._unsubscribe,
            **self.writes.resolvers(),
            **{root: self._list(root) for root in self.objects},
            **{f"{root}Count": self._count(root) for root in self.objects},
        }

    def refill(self) -> None:
        """Put the points back that time has brought."""
        now = clock.now()
        back = (now - self.filled_at).total_seconds() * self.restores
        self.points, self.filled_at = min(self.most, self.points + back), now

    def _list(self, root: str) -> Callable[[dict[str, Any]], Listed]:
        def resolve(arguments: dict[str, Any]) -> Listed:
            place = _place_by(arguments)
            return Listed(self.select(root, arguments), lambda each: "|".join(place(each)))

        return resolve

    def _count(self, root: str) -> Callable[[dict[str, Any]], Any]:
        def resolve(arguments: dict[str, Any]) -> Any:
            assert "limit" in arguments, "without a limit Shopify stops to count at 10,000"
            if not arguments.get("query"):
                return {"count": len(self.objects[root])}
            return {"count": len(self.select(root, arguments))}

        return resolve

    def _subscriptions_of(self, arguments: dict[str, Any]) -> Listed:
        found = [each for each in self.subscriptions.values() if each["uri"] == arguments["uri"]]
        return Listed(found, lambda each: str(each["id"]))

    def _subscribe(self, arguments: dict[str, Any]) -> dict[str, Any]:
        given = {"topic": arguments["topic"], **arguments["webhookSubscription"]}
        if reason := self.refused_topics.get(given["topic"]):
            return {"webhookSubscription": None, "userErrors": [{"message": reason}]}
        taken = [each for each in self.subscriptions.values() if each.items() >= given.items()]
        if taken:
            error = {"message": "Address for this topic has already been taken"}
            return {"webhookSubscription": None, "userErrors": [error]}
        gid = f"gid://shopify/WebhookSubscription/{len(self.asked)}"
        self.subscriptions[gid] = {"id": gid, **given}
        return {"webhookSubscription": self.subscriptions[gid], "userErrors": []}

    def _unsubscribe(self, arguments: dict[str, Any]) -> dict[str, Any]:
        found = self.subscriptions.pop(arguments["id"], None)
        return {"deletedWebhookSubscriptionId": found and found["id"], "userErrors": []}

    def _begin(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.refuses_bulk:
            return {"bulkOperation": None, "userErrors": [self.refuses_bulk.pop(0)]}
        running = [gid for gid, each in self.operations.items() if each["status"] == "RUNNING"]
        if running:
            said = f"A bulk query operation for this app is already in progress: {running[0]}."
            error = {"message": said, "code": "OPERATION_IN_PROGRESS"}
            return {"bulkOperation": None, "userErrors": [error]}
        assert arguments["groupObjects"] is True
        gid = f"gid://shopify/BulkOperation/{len(self.operations) + 1}"
        operation = {
            "id": gid,
            "status": "RUNNING",
            "errorCode": None,
            "createdAt": _stamp(clock.now() + self.skew),
            "objectCount": "0",
            "rootObjectCount": "0",
            "url": None,
            "query": arguments["query"],
            "looks": 0,
        }
        self._write(operation)
        self.operations[gid] = operation
        return {"bulkOperation": operation, "userErrors": []}

    def _write(self, operation: dict[str, Any]) -> None:
        """Write the file at once: it holds what was there when the operation began."""
        query = Query(operation["query"], {})
        root, fields, inside = split_bulk(query)
        lines = roots = 0
        file = self.folder / f"{operation['id'].rpartition('/')[2]}.jsonl"
        with file.open("w", encoding="utf-8") as out:
            for node in self.objects[root]:
                roots += 1
                out.write(json.dumps(query.select(node, fields), ensure_ascii=False) + "\n")
                for field in inside:
                    for each in node[field.name.value]:
                        found = query.select(each, inner_fields(field))
                        out.write(json.dumps({**found, "__parentId": node["id"]}) + "\n")
                        lines += 1
        operation["counts"] = (str(lines + roots), str(roots), file.name)

    def _look(self, gid: str) -> dict[str, Any]:
        operation = self.operations[gid]
        operation["looks"] += 1
        if operation["status"] == "RUNNING" and operation["looks"] > self.looks_until_done:
            operation["status"] = self.states.pop(0) if self.states else "COMPLETED"
            objects, roots, name = operation["counts"]
            is_done = operation["status"] == "COMPLETED" and objects != "0"
            operation |= {
                "objectCount": objects,
                "rootObjectCount": roots,
                "url": f"{self.url}/files/{name}" if is_done else None,
            }
        return operation


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ShopifyApi

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/admin/oauth/access_token":
            self._give_token(dict(parse_qsl(body.decode())))
            return
        request = json.loads(body)
        query = Query(request["query"], request["variables"])
        kind = str(query.selections[-1].name.value)  # type: ignore[attr-defined]
        with self.server.lock:
            self.server.asked.append((kind, dict(request["variables"])))
            self.server.before_answer(kind)
            if self.server.fails:
                self._send(*self.server.fails.pop(0))
            elif self.headers.get("X-Shopify-Access-Token") not in self.server.tokens:
                said = (
                    "[API] Invalid API key or access token (unrecognized login or wrong password)"
                )
                self._send(401, {}, {"errors": said})
            elif not self.path.startswith("/admin/api/2026-07/"):
                self._send(404, {}, {"errors": "Not Found"})
            else:
                answer = self._answer(query)
                if self.server.after_answer(kind):
                    self.close_connection = True
                    return
                self._send(200, {}, answer)

    def do_GET(self) -> None:
        assert "X-Shopify-Access-Token" not in self.headers, "a file is nobody's business"
        content = (self.server.folder / self.path.rpartition("/")[2]).open("rb")
        given = self.headers.get("Range", "")
        self.server.fetched.append(given)
        self.server.before_answer("file")
        with content as file:
            size = file.seek(0, 2)
            if self.server.ignores_ranges:
                first, last, status = 0, size - 1, 200
            else:
                first, last = (int(each) for each in given.removeprefix("bytes=").split("-"))
                last, status = min(last, size - 1), 206
            if first >= size:
                self._send(416, {}, b"")
                return
            file.seek(first)
            self._send(status, {}, file.read(last - first + 1))

    def _give_token(self, form: dict[str, str]) -> None:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            words = {"error": "application_cannot_be_found", "error_description": "Unknown app"}
            self._send(400, {}, words)
            return
        token = f"day_{len(self.server.tokens)}"
        self.server.tokens.add(token)
        self._send(200, {}, {"access_token": token, "scope": "", "expires_in": 86_399})

    def _answer(self, query: Query) -> dict[str, Any]:
        shop, cost = self.server, query.cost()
        shop.refill()
        if cost > MOST_A_REQUEST:
            said = f"Query cost is {cost}, which exceeds the single query max cost limit (1000)."
            return {"errors": [{"message": said, "extensions": {"code": "MAX_COST_EXCEEDED"}}]}
        if cost > shop.points:
            shop.throttled += 1
            error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return {"errors": [error], "extensions": self._cost(cost)}
        names = [each.name.value for each in query.selections]  # type: ignore[attr-defined]
        if denied := shop.writes.find_denied(names, shop.scopes):
            return {"errors": [denied], "extensions": self._cost(cost)}
        data = query.answer(shop.resolvers())
        shop.points -= min(cost, max(1, query.objects))
        return {"data": data, "extensions": self._cost(cost)}

    def _cost(self, requested: int) -> dict[str, Any]:
        shop = self.server
        status = {
            "maximumAvailable": shop.most,
            "currentlyAvailable": shop.points,
            "restoreRate": shop.restores,
        }
        return {"cost": {"requestedQueryCost": requested, "throttleStatus": status}}

    def _send(self, status: int, headers: dict[str, str], content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


def read_filter(given: str) -> list[tuple[str, str, str]]:
    """Return the conditions of a filter: field, ``>=`` or ``<``, time; nothing else is known."""
    conditions = given.split()
    found = [match for each in conditions if (match := CONDITION.fullmatch(each))]
    assert len(found) == len(conditions), f"the stand-in does not know the filter {given}"
    return [(FILTERED[match[1]], match[2], match[3]) for match in found]


def _place_by(arguments: Mapping[str, Any]) -> Callable[[Node], tuple[str, str]]:
    name = SORTED[arguments.get("sortKey", "UPDATED_AT")]
    return lambda node: (node[name], str(node["legacyResourceId"]).rjust(20, "0"))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def serving() -> Iterator[ShopifyApi]:
    """Serve a shop until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        server = ShopifyApi(Path(folder))
        with answering(server):
            yield server


@pytest.fixture
def shopify_api() -> Iterator[ShopifyApi]:
    with serving() as server:
        yield server
