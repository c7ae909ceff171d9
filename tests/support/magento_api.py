"""A stand-in for the REST API of a Magento shop: ``searchCriteria``, OAuth, errors, last page.

As Magento does, it repeats its last page for every page behind it.
"""

import base64
import hmac
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest

from tests.support.serving import answering

TOKEN = "token-1"
FOUR = {
    "consumer_key": "ck",
    "consumer_secret": "cs",
    "access_token": TOKEN,
    "access_token_secret": "ts",
}
PREFIX = "/rest/all/V1/"
LISTS = (
    "products",
    "customers/search",
    "orders",
    "creditmemos",
    "shipments",
    "categories/list",
    "coupons/search",
    "salesRules/search",
    "customerGroups/search",
)
SOURCES = "inventory/source-items"
FILTER = re.compile(r"searchCriteria\[filterGroups\]\[(\d+)\]\[filters\]\[0\]\[(\w+)\]")

FIELDS = re.compile(r"items\[([\w,]+)\],total_count")


class MageApi(ThreadingHTTPServer):
    """Holds what a shop knows.

    Attributes:
        objects: by path of their list.
        plain: answers of paths that are no lists, such as ``store/websites``.
        keys: public keys of Adobe, by path.
        fails: answers to give first: status, headers and body.
        asked: path and parameters of every request.
        before_answer: called before each answer, to change the shop meanwhile.
        takes_tokens: whether an access token alone is taken.
        made: what was really made or deleted from outside.
        denied: path of what the integration may not use.
        loses_answers: whether nobody hears of what was made.
        unknown_events: names that it does not let anybody subscribe to.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, list[dict[str, Any]]] = {name: [] for name in (*LISTS, SOURCES)}
        self.plain: dict[str, Any] = {}
        self.keys: dict[str, bytes] = {}
        self.fails: list[tuple[int, dict[str, str], Any]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.before_answer: Any = None
        self.takes_tokens = True
        self.made: list[str] = []
        self.denied = ""
        self.loses_answers = False
        self.unknown_events: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [path for path, _ in self.asked]

    def select(self, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
        """Return all objects of a list that a request is about, in its order."""
        filters: dict[str, dict[str, str]] = {}
        for name, value in params.items():
            if found := FILTER.fullmatch(name):
                filters.setdefault(found[1], {})[found[2]] = value
        items = self.objects[path]
        for each in filters.values():
            items = [item for item in items if holds(item, each)]
        order = params.get("searchCriteria[sortOrders][0][field]", "")
        if not order:
            return items
        return sorted(items, key=lambda item: (item[order], number_of(item)))


def number_of(item: dict[str, Any]) -> int:
    return int(item.get("entity_id") or item["id"])


def holds(item: dict[str, Any], condition: dict[str, str]) -> bool:
    field, value = condition["field"], condition["value"]
    found = str(number_of(item) if field == "entity_id" else item.get(field, ""))
    if condition["conditionType"] == "gteq":
        return found >= value
    if condition["conditionType"] == "lteq":
        return found <= value
    return found.lower() in value.lower().split(",")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MageApi

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        params = dict(parse_qsl(split.query, keep_blank_values=True))
        if split.path in self.server.keys:
            self._send(200, {}, self.server.keys[split.path])
            return
        path = self._begin(split.path, params)
        if path in self.server.objects:
            self._send_page(path, params)
        elif path in self.server.plain:
            self._send(200, {}, self.server.plain[path])
        elif path:
            self._send(404, {}, {"message": "Request does not match any route."})

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if path := self._begin(urlsplit(self.path).path, {}):
            status, answer = change(self.server, path, told)
            if self.server.loses_answers:
                self.close_connection = True
                return
            self._send(status, {}, answer)

    def do_DELETE(self) -> None:
        if path := self._begin(urlsplit(self.path).path, {}):
            self._send(*delete(self.server, path))

    def _begin(self, whole: str, params: dict[str, str]) -> str:
        """Return the path inside the API; empty when the request was answered."""
        path = whole.removeprefix(PREFIX)
        self.server.asked.append((path, params))
        if self.server.before_answer:
            self.server.before_answer(path, params)
        if self.server.fails:
            self._send(*self.server.fails.pop(0))
        elif not self._is_known(whole, params):
            self._send(401, {}, {"message": "The consumer isn't authorized."})
        elif self.server.denied and path.startswith(self.server.denied):
            said = {"resources": "Magento_SalesRule::quote"}
            words = "The consumer isn't authorized to access %resources."
            self._send(401, {}, {"message": words, "parameters": said})
        else:
            return path
        return ""

    def _is_known(self, path: str, params: dict[str, str]) -> bool:
        given = self.headers.get("Authorization", "")
        if given.startswith("Bearer "):
            return self.server.takes_tokens and given == f"Bearer {TOKEN}"
        oauth = {
            unquote(name): unquote(value.strip('"'))
            for name, _, value in (
                part.strip().partition("=") for part in given.removeprefix("OAuth ").split(",")
            )
        }
        signature = oauth.pop("oauth_signature", "")
        pairs = "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}"
            for name, value in sorted({**params, **oauth}.items())
        )
        base = f"{self.command}&{quote(self.server.url + path, safe='~')}&{quote(pairs, safe='~')}"
        digest = hmac.new(b"cs&ts", base.encode(), "sha256").digest()
        return oauth.get("oauth_token") == TOKEN and signature == base64.b64encode(digest).decode()

    def _send_page(self, path: str, params: dict[str, str]) -> None:
        found = self.server.select(path, params)
        size = int(params["searchCriteria[pageSize]"])
        last = max(1, -(-len(found) // size))
        page = min(int(params["searchCriteria[currentPage]"]), last)
        items = found[(page - 1) * size : page * size]
        if wanted := FIELDS.fullmatch(params.get("fields", "")):
            names = wanted[1].split(",")
            items = [{name: item[name] for name in names if name in item} for item in items]
        self._send(200, {}, {"items": items, "search_criteria": {}, "total_count": len(found)})

    def _send(self, status: int, headers: dict[str, str], content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


def subscribe(shop: MageApi, event: dict[str, Any]) -> tuple[int, Any]:
    """Subscribe to an event as Adobe Commerce does, whose list has full names."""
    if event["name"] in shop.unknown_events:
        said = f'The "{event["name"]}" event is not defined.'
        return 400, {"message": said}
    shop.plain["eventing/getEventSubscriptions"].append(
        {**event, "name": f"com.adobe.commerce.{event['name']}"}
    )
    return 200, []


def change(shop: MageApi, path: str, told: dict[str, Any]) -> tuple[int, Any]:
    """Make a rule or a coupon as Magento does, which takes limits and end from the rule."""
    if path == "eventing/eventSubscribe":
        return subscribe(shop, told["event"])
    rules, coupons = shop.objects["salesRules/search"], shop.objects["coupons/search"]
    if path == "salesRules":
        number = 1 + max((each["rule_id"] for each in rules), default=0)
        rule = {"rule_id": number, "to_date": None, **told["rule"]}
        rules.append(rule)
        shop.made.append(f"rule {rule['name'].rpartition(' ')[0]}")
        return 200, rule
    assert path == "coupons"
    coupon = told["coupon"]
    rule = next(each for each in rules if each["rule_id"] == coupon["rule_id"])
    if rule["use_auto_generation"] != bool(coupon.get("type")):
        said = "Specified rule only allows auto generated coupons"
        return 400, {"message": "Error occurred when saving coupon: %1", "parameters": [said]}
    if any(each["code"].lower() == coupon["code"].lower() for each in coupons):
        return 400, {"message": "Coupon with the same code already exists."}
    number = 1 + max((each["coupon_id"] for each in coupons), default=0)
    limits = {
        "expiration_date": rule["to_date"],
        "usage_limit": rule["uses_per_coupon"],
        "usage_per_customer": rule["uses_per_customer"],
    }
    coupons.append({**coupon, **limits, "coupon_id": number})
    shop.made.append(f"create {coupon['code']}")
    return 200, coupons[-1]


def delete(shop: MageApi, path: str) -> tuple[int, dict[str, str], Any]:
    """Delete a coupon, or a rule with its coupons."""
    rules, coupons = shop.objects["salesRules/search"], shop.objects["coupons/search"]
    for coupon in coupons:
        if path == f"coupons/{coupon['coupon_id']}":
            coupons.remove(coupon)
            shop.made.append(f"end {coupon['code']}")
            return 200, {}, True
    for rule in rules:
        if path == f"salesRules/{rule['rule_id']}":
            rules.remove(rule)
            coupons[:] = [each for each in coupons if each["rule_id"] != rule["rule_id"]]
            shop.made.append("end of the rule")
            return 200, {}, True
    return 404, {}, {"message": "No such entity."}


@pytest.fixture
def mage_api() -> Iterator[MageApi]:
    server = MageApi()
    with answering(server):
        yield server
