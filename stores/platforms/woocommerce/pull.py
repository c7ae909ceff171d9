"""Asking WooCommerce: REST v3, with keys over https and OAuth 1.0a over http.

Orders and products are walked by when they changed, not by page number: one that is deleted or
changes meanwhile shifts nothing, and is met again where it now stands. Customers have no such
filter; they are walked by page, oldest first, and an order names its customer anyway.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from kernel.http import Answer, Client
from stores.errors import PullBusy, PullRefused, PullUnavailable
from stores.platforms import walking
from stores.platforms.fields import read_pieces
from stores.platforms.oauth1 import Keys, sign
from stores.types import Pulled, PulledPage, PullPlan, StoreAccess

BASE: Final = "/wp-json/wc/v3/"
STAGES: Final = ("products", "customers", "orders")
NESTED: Final = {"orders": "refunds", "products": "variations"}
"""What hangs on an object, and is asked for by itself."""
KINDS: Final = {"products": "product", "customers": "customer", "orders": "order"}
PAGE_SIZE: Final = 100
WAIT_SECONDS: Final = 60.0
LONGEST_WAIT: Final = 3600.0
SERVER_ERROR: Final = 500
SHOWN: Final = 200
MAX_NESTED_PAGES: Final = 100

Item = walking.Item


class WooCommercePull:
    """The platform as a pull sees it."""

    def check(self, access: StoreAccess, client: Client) -> str:
        """Count the orders; whoever may do that may read what is needed."""
        counts = {stage: _count(access, client, {"stage": stage}) for stage in STAGES}
        found = ", ".join(
            f"{number:,} {stage if number != 1 else KINDS[stage]}"
            for stage, number in counts.items()
        )
        return f"The shop answers: {found}."

    def start(self, access: StoreAccess, client: Client, since: datetime | None) -> PullPlan:
        cursors = [walking.begin(stage, since) for stage in STAGES]
        expected = sum(_count(access, client, cursor) for cursor in cursors)
        return PullPlan(cursor=cursors[0], expected=expected)

    def fetch(self, access: StoreAccess, client: Client, cursor: Mapping[str, Any]) -> PulledPage:
        stage = str(cursor["stage"])
        pieces = _read_pieces(ask(access, client, stage, _params(cursor)), stage)
        items = [item for item, _ in pieces]
        fresh = [item for item in items if _id(item) not in cursor.get("edge", ())]
        fresh = _since(fresh, cursor) if stage == "customers" else fresh
        has_more = len(items) >= PAGE_SIZE and (stage != "customers" or bool(fresh))
        objects = [
            each for item, body in pieces for each in _objects(access, client, stage, item, body)
        ]
        following = _go_on(cursor, items) if has_more else walking.begin_next(STAGES, cursor)
        return PulledPage(objects=objects, read=len(fresh), cursor=following)


def _go_on(cursor: Mapping[str, Any], items: Sequence[Item]) -> dict[str, Any]:
    """Return the cursor behind a full page."""
    if cursor["stage"] == "customers":
        return {**cursor, "page": int(cursor["page"]) + 1}
    return walking.go_on(cursor, items, changed_at=_changed_at, name=_id)


def _changed_at(item: Item) -> datetime | None:
    try:
        return datetime.fromisoformat(str(item.get("date_modified_gmt"))).replace(tzinfo=UTC)
    except ValueError:
        return None


def _params(cursor: Mapping[str, Any]) -> dict[str, str]:
    params = {"per_page": str(PAGE_SIZE), "page": str(cursor["page"])}
    if cursor["stage"] == "customers":
        order = {"orderby": "registered_date", "order": "desc"} if cursor["since"] else {}
        return params | {"role": "all", "orderby": "id", "order": "asc"} | order
    params |= {"orderby": "modified", "order": "asc", "dates_are_gmt": "true"}
    return params | ({"modified_after": str(cursor["after"])} if cursor["after"] else {})


def _since(items: Sequence[Item], cursor: Mapping[str, Any]) -> list[Item]:
    since = str(cursor["since"])
    return [item for item in items if str(item.get("date_created_gmt") or "") >= since]


def _count(access: StoreAccess, client: Client, cursor: Mapping[str, Any]) -> int:
    stage = str(cursor["stage"])
    params = {"per_page": "1"} | ({"role": "all"} if stage == "customers" else {})
    if cursor.get("after"):
        if stage == "customers":
            return 0
        params |= {"modified_after": str(cursor["after"]), "dates_are_gmt": "true"}
    answer = ask(access, client, stage, params)
    read_list(answer, stage)
    found = answer.headers.get("X-WP-Total", "")
    return int(found) if found.isdecimal() else 0


def complete(access: StoreAccess, client: Client, stage: str, item: Item) -> list[Pulled]:
    """Return an object with what hangs on it: refunds with their times, variations."""
    if stage == "orders" and item.get("refunds"):
        item["refunds"] = _nested(access, client, f"orders/{_id(item)}/refunds")
    objects = [_pulled(KINDS[stage], item)]
    if stage == "products" and item.get("variations"):
        for variation in _nested(access, client, f"products/{_id(item)}/variations"):
            named = {"name": item.get("name"), **variation}
            whole = {**named, "type": "variation", "parent_id": item.get("id")}
            objects.append(_pulled("product", whole))
    return objects


def _nested(access: StoreAccess, client: Client, path: str) -> list[Item]:
    found: list[Item] = []
    for page in range(1, MAX_NESTED_PAGES + 1):
        params = {"per_page": str(PAGE_SIZE), "page": str(page)}
        items = read_list(ask(access, client, path, params), path)
        found += items
        if len(items) < PAGE_SIZE:
            break
    return found


def _objects(
    access: StoreAccess, client: Client, stage: str, item: Item, body: bytes | None
) -> list[Pulled]:
    """Return an object as it came, parsed once; one on which others hang is completed."""
    if body is None or item.get(NESTED.get(stage, "")):
        return complete(access, client, stage, item)
    kind = KINDS[stage]
    return [Pulled(f"{kind}:{_id(item)}", f"{kind}.updated", body, payload=item)]


def _pulled(kind: str, item: Item) -> Pulled:
    body = json.dumps(item, ensure_ascii=False, default=float).encode("utf-8", "replace")
    return Pulled(name=f"{kind}:{_id(item)}", topic=f"{kind}.updated", body=body)


def _id(item: Item) -> str:
    return str(item.get("id", ""))


def ask(access: StoreAccess, client: Client, path: str, params: dict[str, str]) -> Answer:
    """Ask the shop one question.

    Raises:
        PullRefused, PullBusy, PullUnavailable, HttpUnavailable: as of a `Puller`.
    """
    url = access.url + BASE + path
    key = access.credentials.get("consumer_key", "")
    secret = access.credentials.get("consumer_secret", "")
    if not (access.url and key and secret):
        raise PullRefused("Enter the shop's address, consumer key and consumer secret")
    if urlsplit(url).scheme == "https":
        return judge(client.get(url, params=params, auth=(key, secret)), access)
    signed = params | sign(url, params, Keys(key, secret))
    return judge(client.get(url, params=signed), access)


def judge(answer: Answer, access: StoreAccess) -> Answer:
    """Return an answer that is one; raises what `ask` does."""
    status = answer.status
    if status in (429, 503):
        raise PullBusy(_patience(answer))
    if status >= SERVER_ERROR:
        raise PullUnavailable(f"The shop answers with an error of its own ({status})")
    if 300 <= status < 400:  # noqa: PLR2004 the class of redirects
        place = answer.headers.get("Location", "")[:SHOWN]
        raise PullRefused(f"{access.url} leads on to {place}; enter the address that it leads to")
    if status in (401, 403):
        raise PullRefused(f"WooCommerce refuses the key: {_words(answer)}")
    if status == 404:  # noqa: PLR2004 not found
        raise PullRefused(
            f"There is no WooCommerce REST API at {access.url}; check the address, and that "
            "permalinks are not set to Plain"
        )
    if status != 200:  # noqa: PLR2004 OK
        raise PullRefused(f"WooCommerce does not understand ({status}): {_words(answer)}")
    return answer


def _patience(answer: Answer) -> float:
    found = answer.headers.get("Retry-After", "")
    return min(float(found), LONGEST_WAIT) if found.isdecimal() else WAIT_SECONDS


def _words(answer: Answer) -> str:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    text = found.get("message") if isinstance(found, dict) else ""
    return str(text or "it gives no reason")[:SHOWN]


def _read_pieces(answer: Answer, path: str) -> list[tuple[Item, bytes | None]]:
    """Return the objects of an answer, each with the text that it stood in; raises as `read_list`.

    Where one holds what is no JSON, such as ``NaN``, none comes with its text: each is then read by
    itself, so that the others are taken.
    """
    try:
        return [*read_pieces(answer.body)]
    except (ValueError, RecursionError):
        return [(item, None) for item in read_list(answer, path)]


def read_list(answer: Answer, path: str) -> list[Item]:
    """Return the objects of an answer.

    Raises:
        PullUnavailable: it is no list of objects.
    """
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as exc:
        raise PullUnavailable(f"The shop's answer for {path} is not JSON") from exc
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise PullUnavailable(f"The shop's answer for {path} is not a list of objects")
    return found
