"""Endpoints of the merchant and their deliveries, as pages and programs read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from kernel import clock
from kernel.keyset import Place, Sorting, Statement, select_page
from kernel.sql import run_sql
from stores.choices import OutgoingStatus
from stores.models import WebhookDelivery, WebhookEndpoint
from stores.queries import REFUSED_WITHIN, Refused

_NEWEST = Sorting("d.id", "d.id", "id")
_SELECT = """
SELECT d.id, d.type, d.status, d.tries, d.last_status, d.created_at, d.due_at, d.delivered_at
FROM stores_webhookdelivery AS d
"""


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One page of deliveries, newest first; the marks lead to its neighbours."""

    rows: Sequence[Any]
    next: str | None
    previous: str | None


def endpoints() -> QuerySet[WebhookEndpoint]:
    """Return the endpoints with how the newest delivery of each stands."""
    newest = WebhookDelivery.objects.filter(endpoint_id=OuterRef("pk")).order_by("-pk")
    waiting = WebhookDelivery.objects.filter(
        endpoint_id=OuterRef("pk"), status=OutgoingStatus.PENDING, tries__gt=0
    )
    return WebhookEndpoint.objects.annotate(
        last_status=Subquery(newest.values("status")[:1]),
        last_at=Subquery(newest.values("created_at")[:1]),
        is_failing=Exists(waiting),
    ).order_by("-created_at", "-pk")


def find_endpoint(endpoint_id: int) -> WebhookEndpoint | None:
    """Return an endpoint, or None."""
    return endpoints().filter(pk=endpoint_id).first()


def deliveries_of(endpoint_id: int) -> QuerySet[WebhookDelivery]:
    """Return the deliveries of an endpoint."""
    return WebhookDelivery.objects.filter(endpoint_id=endpoint_id)


def list_deliveries(endpoint_id: int, status: str, place: Place) -> DeliveryPage:
    """Return a page of the deliveries of an endpoint, newest first.

    Args:
        endpoint_id: of the endpoint.
        status: an `OutgoingStatus` word; empty for all.
        place: of the page.
    """
    conditions = ["d.tenant_id = %(tenant_id)s", "d.endpoint_id = %(endpoint_id)s"]
    params: dict[str, Any] = {"endpoint_id": endpoint_id}
    if status:
        conditions.append("d.status = %(status)s")
        params["status"] = status
    statement = Statement(_SELECT, conditions, params)
    found = select_page(statement, _NEWEST, descending=True, place=place)
    return DeliveryPage(found.rows, found.next, found.previous)


def find_delivery(delivery_id: int) -> WebhookDelivery | None:
    """Return a delivery with its endpoint, or None."""
    return WebhookDelivery.objects.select_related("endpoint").filter(pk=delivery_id).first()


@dataclass(frozen=True, slots=True)
class EdgeTroubles:
    """What the edges of a tenant have trouble with.

    Attributes:
        refused: what was turned away in the last 24 hours, by store and reason.
        shut: id, address and reason of endpoints that were switched off by themselves.
    """

    refused: list[Refused]
    shut: list[tuple[int, str, str]]


def list_edge_troubles() -> EdgeTroubles:
    """Return what the edges have trouble with, in one statement."""
    rows = run_sql("stores.list_edge_troubles", since=clock.now() - REFUSED_WITHIN)
    return EdgeTroubles(
        [Refused(row.id, row.reason, row.number) for row in rows if row.kind == "refused"],
        [(row.id, row.url, row.reason) for row in rows if row.kind == "endpoint"],
    )
