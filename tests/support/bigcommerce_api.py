"""A stand-in for the REST API of a BigCommerce shop: V2 and V3, paging, quota, errors, webhooks."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.serving import answering

TOKEN = "token-1"
HASH = "abc123"
NESTED = re.compile(r"v2/orders/(\d+)/(products|coupons|shipments)")
ONE_ORDER = re.compile(r"v2/orders/(\d+)")
CHECKOUT = re.compile(r"v3/checkouts/([\w-]+)")
LISTS = {
    "v3/customers": "customers",
    "v3/customers/attributes": "attributes",
    "v3/customers/attribute-values": "values",
    "v3/customers/subscribers": "subscribers",
    "v3/catalog/products": "products",
    "v3/catalog/brands": "brands",
    "v3/catalog/categories": "categories",
    "v3/orders/payment_actions/refunds": "refunds",
    "v3/hooks": "hooks",
}


class BigApi(ThreadingHTTPServer):
    """Holds what a shop knows.

    Attributes:
        objects: by kind.
        nested: products, coupons and shipments of an order, by path.
        checkouts: by the id of their cart.
        fails: answers to give first: status, headers and body.
        broken: answers to give for a path, always.
        quota: requests left in the window; None is no limit.
        asked: method, path and parameters of every request.
        before_answer: called before each answer, to change the shop meanwhile.
        made: coupons that were really made or switched off from outside.
        loses_answers: whether nobody hears of a coupon that was made.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        names = {*LISTS.values(), "orders", "coupons"}
        self.objects: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        self.nested: dict[str, list[dict[str, Any]]] = {}
        self.checkouts: dict[str, dict[str, Any]] = {}
        self.fails: list[tuple[int, dict[str, str], Any]] = []
        self.broken: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.quota: int | None = None
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.before_answer: Any = None
        self.made: list[str] = []
        self.loses_answers = False

    @property
    def path(self) -> str:
        """The API path as BigCommerce shows it."""
        return f"http://127.0.0.1:{self.server_port}/stores/{HASH}/v3/"

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [path for _, path, _ in self.asked]

    def select(self, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
        """Return all objects of a list that a request is about, in its order."""
        found = self.objects["orders" if path == "v2/orders" else LISTS[path]]
        names = ("id", "order_id", "customer_id")
        if name := next((each for each in names if f"{each}:in" in params), ""):
            wanted = params[f"{name}:in"]
            found = [item for item in found if str(item[name]) in wanted.split(",")]
        if path == "v2/orders" and "is_deleted" in params:
            is_wanted = params["is_deleted"] == "true"
            found = [item for item in found if item.get("is_deleted", False) is is_wanted]
        if begin := params.get("min_date_created"):
            found = [item for item in found if made_at(item) >= datetime.fromisoformat(begin)]
        if end := params.get("max_date_created"):
            found = [item for item in found if made_at(item) <= datetime.fromisoformat(end)]
        since = params.get("min_date_modified") or params.get("date_modified:min")
        if since:
            found = [item for item in found if changed_at(item) >= datetime.fromisoformat(since)]
        if params.get("sort", "").startswith("date_modified"):
            return sorted(found, key=lambda item: (changed_at(item), item["id"]))
        if params.get("sort", "").startswith("date_created"):
            return sorted(found, key=lambda item: (made_at(item), item["id"]))
        return sorted(found, key=lambda item: item["id"])


def changed_at(item: dict[str, Any]) -> datetime:
    found = item["date_modified"]
    return parsedate_to_datetime(found) if found[0].isalpha() else datetime.fromisoformat(found)


def made_at(item: dict[str, Any]) -> datetime:
    return parsedate_to_datetime(item["date_created"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BigApi

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        params = dict(parse_qsl(split.query, keep_blank_values=True))
        path = self._begin(split.path, params)
        if path is None:
            return
        if path in LISTS:
            self._send_v3(path, params)
        elif path == "v2/coupons":
            code = params["code"].lower()
            coupons = self.server.objects["coupons"]
            self._send_v2([each for each in coupons if each["code"].lower() == code])
        elif path in ("v2/store", "v2/orders", "v2/orders/count"):
            self._send_known(path, params)
        elif found := NESTED.fullmatch(path):
            self._send_v2(self.server.nested.get(found[0].removeprefix("v2/"), []))
        elif found := ONE_ORDER.fullmatch(path):
            self._send_one(self.server.objects["orders"], found[1])
        elif found := CHECKOUT.fullmatch(path):
            self._send_checkout(found[1])
        else:
            self._not_found()

    def _send_known(self, path: str, params: dict[str, str]) -> None:
        if path == "v2/store":
            self._send(200, {}, {"id": HASH, "name": "Ada Soap", "currency": "GBP"})
        elif path == "v2/orders":
            self._send_v2(self._page(path, params))
        else:
            self._send(200, {}, {"count": len(self.server.select("v2/orders", params))})

    def do_POST(self) -> None:
        path = self._begin(urlsplit(self.path).path, {})
        if path == "v2/coupons":
            self._make_coupon()
            return
        if path == "v3/customers/attributes":
            attributes = self.server.objects["attributes"]
            made = [
                {"id": len(attributes) + place, **each}
                for place, each in enumerate(self._body(), 1)
            ]
            attributes += made
            self._send(200, {}, {"data": made, "meta": {}})
            return
        if path != "v3/hooks":
            return
        hook = {"id": len(self.server.objects["hooks"]) + 1, **self._body()}
        self.server.objects["hooks"].append(hook)
        self._send(200, {}, {"data": hook, "meta": {}})

    def _make_coupon(self) -> None:
        told, coupons = self._body(), self.server.objects["coupons"]
        if any(each["code"].lower() == told["code"].lower() for each in coupons):
            said = [{"status": 409, "message": "A coupon with this code already exists."}]
            self._send(409, {}, said)
            return
        amounts = {name: f"{float(told[name]):.4f}" for name in ("amount", "min_purchase")}
        coupon = {"expires": "", **told, **amounts, "id": len(coupons) + 1}
        coupons.append(coupon)
        self.server.made.append(f"create {told['code']}")
        if self.server.loses_answers:
            self.close_connection = True
            return
        self._send(201, {}, coupon)

    def do_PUT(self) -> None:
        path = self._begin(urlsplit(self.path).path, {})
        if path is None:
            return
        changes = self._body()
        if path == "v3/customers/attribute-values":
            self._set_values(changes)
            return
        for coupon in self.server.objects["coupons"]:
            if path == f"v2/coupons/{coupon['id']}":
                coupon.update(changes)
                self.server.made.append(f"end {coupon['code']}")
        for hook in self.server.objects["hooks"]:
            if path == f"v3/hooks/{hook['id']}":
                hook.update(changes)
        self._send(200, {}, {"data": {}, "meta": {}})

    def _set_values(self, told: Any) -> None:
        assert len(told) <= 10
        people = {each["id"] for each in self.server.objects["customers"]}
        if unknown := [each for each in told if each["customer_id"] not in people]:
            said = {"status": 422, "title": f"Customer {unknown[0]['customer_id']} not found"}
            self._send(422, {}, said)
            return
        values = self.server.objects["values"]
        for each in told:
            place = (each["customer_id"], each["attribute_id"])
            at = {(one["customer_id"], one["attribute_id"]): one for one in values}
            if place not in at:
                values.append({"id": len(values) + 1, **each})
            else:
                at[place].update(each)
            self.server.made.append(f"value {place[0]}")
        self._send(200, {}, {"data": told, "meta": {}})

    def do_DELETE(self) -> None:
        split = urlsplit(self.path)
        path = self._begin(split.path, dict(parse_qsl(split.query)))
        if path is None:
            return
        if path == "v3/customers/attribute-values":
            gone = dict(parse_qsl(split.query))["id:in"].split(",")
            values = self.server.objects["values"]
            values[:] = [each for each in values if str(each["id"]) not in gone]
            self._send(204, {}, b"")
            return
        hooks = self.server.objects["hooks"]
        self.server.objects["hooks"] = [each for each in hooks if path != f"v3/hooks/{each['id']}"]
        self._send(200, {}, {"data": {}, "meta": {}})

    def _begin(self, whole: str, params: dict[str, str]) -> str | None:
        """Return the path inside the shop, or None when the request was answered."""
        path = whole.removeprefix(f"/stores/{HASH}/")
        self.server.asked.append((self.command, path, params))
        if self.server.before_answer:
            self.server.before_answer(path, params)
        if self.server.fails:
            self._send(*self.server.fails.pop(0))
        elif self.headers.get("X-Auth-Token") != TOKEN:
            self._send(401, {}, {"status": 401, "title": "Unauthorized"})
        elif self.server.quota == 0:
            self._send(429, {"X-Rate-Limit-Time-Reset-Ms": "15000"}, {"title": "Too many"})
        elif path in self.server.broken:
            self._send(*self.server.broken[path])
        else:
            return path
        return None

    def _body(self) -> Any:
        found: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return found

    def _page(self, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
        size = int(params.get("limit", "50"))
        first = (int(params.get("page", "1")) - 1) * size
        return self.server.select(path, params)[first : first + size]

    def _send_v2(self, found: list[dict[str, Any]]) -> None:
        if found:
            self._send(200, {}, found)
        else:
            self._send(204, {}, b"")

    def _send_v3(self, path: str, params: dict[str, str]) -> None:
        total = len(self.server.select(path, params))
        page = self._page(path, params)
        self._send(200, {}, {"data": page, "meta": {"pagination": {"total": total}}})

    def _send_one(self, items: list[dict[str, Any]], name: str) -> None:
        found = next((item for item in items if str(item["id"]) == name), None)
        if found is None:
            self._send(404, {}, [{"status": 404, "message": "The resource was not found."}])
        else:
            self._send(200, {}, found)

    def _send_checkout(self, name: str) -> None:
        found = self.server.checkouts.get(name)
        if found is None:
            self._not_found()
        else:
            self._send(200, {}, {"data": found, "meta": {}})

    def _not_found(self) -> None:
        self._send(404, {}, {"status": 404, "title": "Not found"})

    def _send(self, status: int, headers: dict[str, str], content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        if self.server.quota:
            self.server.quota -= 1
            window = {"X-Rate-Limit-Time-Reset-Ms": "15000"}
            headers = {"X-Rate-Limit-Requests-Left": str(self.server.quota), **window, **headers}
        self.send_response(status)
        length = {} if status == 204 else {"Content-Length": str(len(body))}
        for name, value in {**headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def big_api() -> Iterator[BigApi]:
    server = BigApi()
    with answering(server):
        yield server
