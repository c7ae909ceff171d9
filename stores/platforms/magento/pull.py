"""Asking Magento for everything, and for what changed.

All three lists are walked by when their objects changed (`platforms/walking.py`), so that a page
which repeats or skips a row while the shop is busy loses nothing. What hangs on the orders of a
page, and names that products carry as numbers, are asked for together.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from kernel.http import Client
from stores.errors import PullRefused, Untranslatable
from stores.platforms import walking
from stores.platforms.magento.api import Api, Filter, Found, Item
from stores.platforms.magento.objects import COMPLETE, IDS, KINDS, PATHS, STAGES, objects_of
from stores.platforms.magento.reading import moment
from stores.types import PulledPage, PullPlan, StoreAccess

PAGE_SIZE: Final = 100


class MagentoPull:
    """The platform as a pull sees it."""

    def check(self, access: StoreAccess, client: Client) -> str:
        """Count what there is; whoever may do that may read what is needed."""
        api = Api(access, client)
        scope = read_scope(api, access)
        counts = {stage: _count(api, _begin(stage, None, scope)) for stage in STAGES}
        found = ", ".join(
            f"{number:,} {stage if number != 1 else KINDS[stage]}"
            for stage, number in counts.items()
        )
        where = f" for {access.credentials['website']}" if scope["website"] else ""
        return f"Magento answers{where}: {found}."

    def start(self, access: StoreAccess, client: Client, since: datetime | None) -> PullPlan:
        api = Api(access, client)
        scope = read_scope(api, access)
        cursors = [_begin(stage, since, scope) for stage in STAGES]
        expected = sum(_count(api, cursor) for cursor in cursors)
        return PullPlan(cursor=cursors[0], expected=expected)

    def fetch(self, access: StoreAccess, client: Client, cursor: Mapping[str, Any]) -> PulledPage:
        stage, api = str(cursor["stage"]), Api(access, client)
        page = _search(api, cursor)
        name = _name_by(stage)
        following = walking.begin_next(STAGES, cursor)
        if page.items and int(cursor["page"]) * PAGE_SIZE < page.total:
            following = walking.go_on(cursor, page.items, changed_at=_changed_at, name=name)
        scope = {key: cursor[key] for key in ("website", "stores")}
        return PulledPage(
            objects=COMPLETE[stage](api, access, list(page.items)),
            read=walking.count_fresh(cursor, page.items, name),
            cursor={**following, **scope} if following else None,
        )


def _begin(stage: str, since: datetime | None, scope: Mapping[str, str]) -> dict[str, Any]:
    return {**walking.begin(stage, since), **scope}


def read_scope(api: Api, access: StoreAccess) -> dict[str, str]:
    """Return the website that a store stands for, and its store views; empty is all of them.

    Raises:
        PullRefused: there is no website of this code.
    """
    code = access.credentials.get("website", "").strip()
    if not code:
        return {"website": "", "stores": ""}
    websites = api.get("store/websites")
    known = {str(each.get("code")): str(each.get("id")) for each in objects_of(websites)}
    if code not in known:
        names = ", ".join(sorted(known.keys() - {"admin"}))
        raise PullRefused(f"There is no website {code!r} in this shop; there are {names}")
    views = objects_of(api.get("store/storeViews"))
    mine = [str(each.get("id")) for each in views if str(each.get("website_id")) == known[code]]
    return {"website": known[code], "stores": ",".join(mine)}


def _search(api: Api, cursor: Mapping[str, Any], size: int = PAGE_SIZE) -> Found:
    stage = str(cursor["stage"])
    filters = []
    if after := str(cursor["after"]):
        filters.append(Filter("updated_at", "gteq", after.replace("T", " ")))
    if stage == "orders" and cursor["stores"]:
        filters.append(Filter("store_id", "in", str(cursor["stores"])))
    elif stage != "orders" and cursor["website"]:
        filters.append(Filter("website_id", "eq", str(cursor["website"])))
    order = ("updated_at", "entity_id")
    return api.search(PATHS[stage], filters, order=order, size=size, page=int(cursor["page"]))


def _count(api: Api, cursor: Mapping[str, Any]) -> int:
    return _search(api, cursor, size=1).total


def _changed_at(item: Item) -> datetime | None:
    try:
        return moment(item, "updated_at")
    except Untranslatable:
        return None


def _name_by(stage: str) -> Callable[[Item], str]:
    return lambda item: str(item.get(IDS[stage], ""))
