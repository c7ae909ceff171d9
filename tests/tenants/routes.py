"""Every page and every address of the REST API, once. A new route is added here, or tests fail.

The tests ask each page as every role, and each address with the ids of another tenant.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

VIEW = "view"
PAGES_UNDER = "t/<slug:slug>/"
API_UNDER = "api/v1/"


class Page(NamedTuple):
    """One page of a tenant: its address behind the slug, and what a member must be allowed."""

    path: str
    method: str
    capability: str


class Endpoint(NamedTuple):
    """One address of the REST API, the methods it takes, and whose id stands in it."""

    path: str
    methods: tuple[str, ...]
    names: str = ""


PAGES = [
    Page("", "get", VIEW),
    Page("home/kpis/", "get", VIEW),
    Page("home/attention/", "get", VIEW),
    Page("home/feed/", "get", VIEW),
    Page("home/today/", "get", VIEW),
    Page("get-started/", "get", VIEW),
    Page("get-started/hide/", "post", VIEW),
    Page("notices/", "get", VIEW),
    Page("notices/panel/", "get", VIEW),
    Page("notices/count/", "get", VIEW),
    Page("notices/aside/", "post", VIEW),
    Page("settings/notices/", "get", VIEW),
    Page("analytics/", "get", VIEW),
    Page("analytics/figures/", "get", VIEW),
    Page("analytics/chart.json", "get", VIEW),
    Page("analytics/chart.csv", "get", VIEW),
    Page("data/", "get", VIEW),
    Page("data/received/", "get", VIEW),
    Page("data/received/event/", "get", VIEW),
    Page("search/", "get", VIEW),
    Page("profiles/", "get", VIEW),
    Page("profiles/export/", "post", "profiles.export"),
    Page("profiles/tags/", "post", "profiles.tag"),
    Page("profiles/columns/", "post", VIEW),
    Page("profiles/views/", "post", VIEW),
    Page("profiles/views/<int:view_id>/", "post", VIEW),
    Page("profiles/duplicates/", "get", VIEW),
    Page("profiles/duplicates/decide/", "post", "profiles.tag"),
    Page("profiles/duplicates/search/", "post", "profiles.tag"),
    Page("profiles/duplicates/<int:duplicate_id>/", "get", "profiles.tag"),
    Page("profiles/<int:profile_id>/", "get", VIEW),
    Page("profiles/<int:profile_id>/header/", "get", VIEW),
    Page("profiles/<int:profile_id>/facts/", "get", VIEW),
    Page("profiles/<int:profile_id>/erase/", "post", "profiles.erase"),
    Page("profiles/<int:profile_id>/tags/", "post", "profiles.tag"),
    Page("profiles/<int:profile_id>/notes/", "get", VIEW),
    Page("profiles/<int:profile_id>/notes/add/", "post", "profiles.note"),
    Page("profiles/<int:profile_id>/notes/<int:note_id>/", "post", "profiles.note"),
    Page("profiles/<int:profile_id>/consent/change/", "post", "profiles.note"),
    Page("profiles/<int:profile_id>/export/", "post", "profiles.export"),
    Page("profiles/<int:profile_id>/merge/", "get", "profiles.tag"),
    Page("profiles/<int:profile_id>/merges/<int:merge_id>/undo/", "get", "profiles.tag"),
    Page("profiles/<int:profile_id>/timeline/", "get", VIEW),
    Page("profiles/<int:profile_id>/orders/", "get", VIEW),
    Page("profiles/<int:profile_id>/service/", "get", VIEW),
    Page("profiles/<int:profile_id>/consent/", "get", VIEW),
    Page("profiles/<int:profile_id>/merges/", "get", VIEW),
    Page("profiles/<int:profile_id>/segments/", "get", VIEW),
    Page("profiles/<int:profile_id>/messages/", "get", VIEW),
    Page("profiles/<int:profile_id>/flows/", "get", VIEW),
    Page("profiles/<int:profile_id>/points/", "get", VIEW),
    Page("orders/", "get", VIEW),
    Page("orders/export/", "get", "profiles.export"),
    Page("orders/<int:order_id>/", "get", VIEW),
    Page("orders/<int:order_id>/points/", "get", VIEW),
    Page("orders/<int:order_id>/segments/", "get", VIEW),
    Page("orders/<int:order_id>/flows/", "get", VIEW),
    Page("orders/<int:order_id>/deliveries/", "get", VIEW),
    Page("messages/", "get", VIEW),
    Page("messages/<int:message_id>/", "get", VIEW),
    Page("messages/<int:message_id>/body/", "get", VIEW),
    Page("messages/<int:message_id>/retry/", "post", "flows.edit"),
    Page("loyalty/", "get", VIEW),
    Page("loyalty/figures/", "get", VIEW),
    Page("loyalty/points.json", "get", VIEW),
    Page("loyalty/points.csv", "get", VIEW),
    Page("loyalty/settings/", "get", "settings.manage"),
    Page("loyalty/ledger/", "get", VIEW),
    Page("loyalty/ledger/export/", "get", "profiles.export"),
    Page("loyalty/accounts/<int:profile_id>/", "get", VIEW),
    Page("loyalty/accounts/<int:profile_id>/adjust/", "post", "points.adjust"),
    Page("catalog/", "get", VIEW),
    Page("catalog/<int:product_id>/", "get", VIEW),
    Page("catalog/<int:product_id>/buyers/", "get", VIEW),
    Page("catalog/<int:product_id>/sales.json", "get", VIEW),
    Page("catalog/<int:product_id>/sales.csv", "get", VIEW),
    Page("segments/", "get", VIEW),
    Page("segments/new/", "get", "segments.edit"),
    Page("segments/rfm/", "get", VIEW),
    Page("segments/<int:segment_id>/", "get", VIEW),
    Page("segments/<int:segment_id>/edit/", "get", "segments.edit"),
    Page("segments/<int:segment_id>/sizes/", "get", VIEW),
    Page("flows/", "get", VIEW),
    Page("flows/<int:flow_id>/", "get", VIEW),
    Page("flows/<int:flow_id>/runs/", "get", VIEW),
    Page("flows/<int:flow_id>/runs/<int:run_id>/", "get", VIEW),
    Page("flows/<int:flow_id>/refused/", "get", VIEW),
    Page("flows/<int:flow_id>/versions/", "get", VIEW),
    Page("flows/<int:flow_id>/status/", "post", "flows.edit"),
    Page("flows/<int:flow_id>/resume/", "post", "flows.edit"),
    Page("stores/", "get", VIEW),
    Page("stores/connect/", "get", "stores.manage"),
    Page("stores/connect-tool/", "get", "stores.manage"),
    Page("stores/<int:store_id>/", "get", VIEW),
    Page("stores/<int:store_id>/settings/", "get", "stores.manage"),
    Page("stores/<int:store_id>/secret/", "post", "stores.manage"),
    Page("stores/<int:store_id>/disconnect/", "post", "stores.manage"),
    Page("stores/<int:store_id>/reconnect/", "post", "stores.manage"),
    Page("stores/<int:store_id>/retry/", "post", "stores.retry"),
    Page("stores/<int:store_id>/writing/", "get", VIEW),
    Page("stores/<int:store_id>/writing/change/", "post", "stores.manage"),
    Page("stores/<int:store_id>/writing/retry/", "post", "stores.retry"),
    Page("stores/<int:store_id>/days/", "get", VIEW),
    Page("stores/<int:store_id>/days/check/", "post", "stores.manage"),
    Page("stores/<int:store_id>/pull/", "get", VIEW),
    Page("stores/<int:store_id>/pull/start/", "post", "stores.manage"),
    Page("stores/<int:store_id>/credentials/", "post", "stores.manage"),
    Page("stores/<int:store_id>/credentials/test/", "post", "stores.manage"),
    Page("stores/<int:store_id>/webhooks/register/", "post", "stores.manage"),
    Page("stores/deliveries/<int:delivery_id>/", "get", VIEW),
    Page("stores/deliveries/<int:delivery_id>/retry/", "post", "stores.retry"),
    Page("imports/", "get", VIEW),
    Page("imports/new/", "get", "stores.manage"),
    Page("imports/klaviyo/", "get", "stores.manage"),
    Page("imports/klaviyo/<int:move_id>/", "get", "stores.manage"),
    Page("imports/klaviyo/<int:move_id>/progress/", "get", "stores.manage"),
    Page("imports/klaviyo/<int:move_id>/act/", "post", "stores.manage"),
    Page("imports/<int:import_id>/", "get", VIEW),
    Page("imports/<int:import_id>/progress/", "get", VIEW),
    Page("imports/<int:import_id>/refused.csv", "get", "stores.manage"),
    Page("imports/<int:import_id>/columns/", "get", "stores.manage"),
    Page("imports/<int:import_id>/check/", "get", VIEW),
    Page("imports/<int:import_id>/stop/", "post", "stores.manage"),
    Page("imports/<int:import_id>/run/", "post", "stores.manage"),
    Page("imports/<int:import_id>/discard/", "post", "stores.manage"),
    Page("imports/<int:import_id>/undo/", "get", "stores.manage"),
    Page("imports/<int:import_id>/not-undone.csv", "get", "stores.manage"),
    Page("jobs/", "get", VIEW),
    Page("jobs/<int:job_id>/", "get", VIEW),
    Page("jobs/<int:job_id>/progress/", "get", VIEW),
    Page("jobs/<int:job_id>/file/", "get", VIEW),
    Page("jobs/<int:job_id>/cancel/", "post", VIEW),
    Page("jobs/<int:job_id>/retry/", "post", VIEW),
    Page("jobs/<int:job_id>/undo/", "post", VIEW),
    Page("settings/", "get", VIEW),
    Page("settings/general/", "get", "settings.manage"),
    Page("settings/brand/", "get", "settings.manage"),
    Page("settings/brand/preview/", "get", "settings.manage"),
    Page("settings/brand/contrast/", "get", "settings.manage"),
    Page("settings/brand/logo/remove/", "post", "settings.manage"),
    Page("settings/senders/", "get", "settings.manage"),
    Page("settings/senders/new/", "get", "settings.manage"),
    Page("settings/senders/<int:sender_id>/", "get", "settings.manage"),
    Page("settings/senders/<int:sender_id>/default/", "post", "settings.manage"),
    Page("settings/senders/<int:sender_id>/verify/", "post", "settings.manage"),
    Page("settings/senders/<int:sender_id>/remove/", "post", "settings.manage"),
    Page("settings/domains/", "get", "settings.manage"),
    Page("settings/domains/<int:domain_id>/", "get", "settings.manage"),
    Page("settings/domains/<int:domain_id>/state/", "get", "settings.manage"),
    Page("settings/domains/<int:domain_id>/check/", "post", "settings.manage"),
    Page("settings/domains/<int:domain_id>/remove/", "post", "settings.manage"),
    Page("settings/keys/", "get", "keys.manage"),
    Page("settings/keys/<int:key_id>/revoke/", "post", "keys.manage"),
    Page("settings/tracking/", "get", "settings.manage"),
    Page("settings/tracking/seen/", "get", "settings.manage"),
    Page("settings/tracking/key/", "post", "keys.manage"),
    Page("settings/danger/", "get", "tenant.manage"),
    Page("settings/danger/export/", "post", "tenant.manage"),
    Page("settings/danger/suspend/", "post", "tenant.manage"),
    Page("settings/danger/resume/", "post", "tenant.manage"),
    Page("settings/danger/delete/", "post", "tenant.manage"),
    Page("settings/danger/restore/", "post", "tenant.manage"),
    Page("settings/members/", "get", VIEW),
    Page("settings/members/leave/", "post", VIEW),
    Page("settings/members/two-step/", "post", "members.manage"),
    Page("settings/members/invite/", "post", "members.manage"),
    Page("settings/members/<int:member_id>/role/", "post", "members.manage"),
    Page("settings/members/<int:member_id>/remove/", "post", "members.manage"),
    Page("settings/members/<int:member_id>/hand-over/", "post", "tenant.manage"),
    Page("settings/invitations/<int:invitation_id>/resend/", "post", "members.manage"),
    Page("settings/invitations/<int:invitation_id>/revoke/", "post", "members.manage"),
    Page("settings/audit/", "get", "audit.read"),
    Page("settings/audit/export/", "get", "audit.read"),
    Page("settings/audit/<int:audit_id>/", "get", "audit.read"),
]

API = [
    Endpoint("profiles/", ("get", "post")),
    Endpoint("profiles/<pk>/", ("get", "delete"), "profile_id"),
    Endpoint("profiles/<pk>/export/", ("post",), "profile_id"),
    Endpoint("profiles/merge/", ("post",)),
    Endpoint("profiles/<pk>/unmerge/", ("post",), "profile_id"),
    Endpoint("profiles/<pk>/tags/", ("post",), "profile_id"),
    Endpoint("profiles/<pk>/timeline/", ("get",), "profile_id"),
    Endpoint("profiles/<profile_id>/messages/", ("get",), "profile_id"),
    Endpoint("profiles/<int:profile_id>/segments/", ("get",), "profile_id"),
    Endpoint("orders/", ("get",)),
    Endpoint("orders/bulk/", ("post",)),
    Endpoint("orders/<pk>/", ("get",), "order_id"),
    Endpoint("carts/", ("get",)),
    Endpoint("carts/<pk>/", ("get",), "cart_id"),
    Endpoint("products/", ("get",)),
    Endpoint("products/bulk/", ("post",)),
    Endpoint("products/<pk>/", ("get",), "product_id"),
    Endpoint("events/", ("get",)),
    Endpoint("events/bulk/", ("post",)),
    Endpoint("events/<pk>/", ("get",), "event_id"),
    Endpoint("shipments/", ("get", "post")),
    Endpoint("shipments/bulk/", ("post",)),
    Endpoint("shipments/<pk>/", ("get",), "shipment_id"),
    Endpoint("returns/", ("get", "post")),
    Endpoint("returns/bulk/", ("post",)),
    Endpoint("returns/<pk>/", ("get",), "return_id"),
    Endpoint("reviews/", ("get", "post")),
    Endpoint("reviews/bulk/", ("post",)),
    Endpoint("reviews/<pk>/", ("get",), "review_id"),
    Endpoint("tickets/", ("get", "post")),
    Endpoint("tickets/bulk/", ("post",)),
    Endpoint("tickets/<pk>/", ("get",), "ticket_id"),
    Endpoint("stores/", ("get",)),
    Endpoint("stores/<pk>/", ("get",), "store_id"),
    Endpoint("inbox/", ("get",)),
    Endpoint("inbox/<pk>/", ("get",), "delivery_id"),
    Endpoint("inbox/<pk>/retry/", ("post",), "delivery_id"),
    Endpoint("coupons/", ("get", "post")),
    Endpoint("coupons/<pk>/", ("get",), "coupon_id"),
    Endpoint("coupons/<pk>/deactivate/", ("post",), "coupon_id"),
    Endpoint("sync-runs/", ("get",)),
    Endpoint("sync-runs/<pk>/", ("get",), "sync_run_id"),
    Endpoint("segments/", ("get",)),
    Endpoint("segments/fields/", ("get",)),
    Endpoint("segments/<pk>/", ("get",), "segment_id"),
    Endpoint("segments/<pk>/members/", ("get",), "segment_id"),
    Endpoint("segments/<pk>/history/", ("get",), "segment_id"),
    Endpoint("flows/", ("get",)),
    Endpoint("flows/nodes/", ("get",)),
    Endpoint("flows/<pk>/", ("get",), "flow_id"),
    Endpoint("flows/<pk>/versions/", ("get",), "flow_id"),
    Endpoint("flows/<pk>/runs/", ("get",), "flow_id"),
    Endpoint("loyalty/accounts/", ("get",)),
    Endpoint("loyalty/accounts/<profile_id>/", ("get",), "profile_id"),
    Endpoint("loyalty/openings/", ("post",)),
    Endpoint("loyalty/entries/", ("get",)),
    Endpoint("loyalty/entries/<pk>/", ("get",), "entry_id"),
    Endpoint("reports/kpis/", ("get",)),
    Endpoint("reports/revenue/", ("get",)),
    Endpoint("reports/rfm/", ("get",)),
]

OPEN_TO_ALL = {
    "schema/": "describes the product and no tenant",
    "docs/": "likewise",
    ".*": "answers 404 to what does not exist",
}


def find_routes(prefix: str) -> dict[str, URLPattern]:
    """Return the routes below a prefix by their address behind it."""
    found = dict(_walk(get_resolver()))
    return {
        path.removeprefix(prefix): route for path, route in found.items() if path.startswith(prefix)
    }


def _walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for item in resolver.url_patterns:
        path = prefix + _plain(str(item.pattern))
        if isinstance(item, URLResolver):
            yield from _walk(item, path)
        else:
            yield path, item


def _plain(pattern: str) -> str:
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", pattern).strip("^$")
