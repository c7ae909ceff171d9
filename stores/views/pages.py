"""Pages of stores and of their deliveries."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.queries.order_detail import find_order
from kernel import asked
from kernel.fragments import answer_list
from stores import queries
from stores.choices import DeliveryStatus
from stores.models import InboxDelivery
from stores.queries import DeliveryFilter
from stores.queries.registrations import find_registration
from stores.services.inbox import retry_deliveries
from stores.services.replaying import can_replay
from stores.services.write_overview import can_be_written
from stores.types import StoreHealth
from stores.views.auditing import render_days
from stores.views.pulling import render_pull
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

RETRY_LIMIT = 10_000
"""Most deliveries that one click puts back into the queue."""


@requires(capabilities.VIEW)
@require_GET
def store_list(request: TenantRequest) -> HttpResponse:
    """Show every store with its freshness; an htmx request gets the rows alone."""
    context = {
        "stores": queries.list_store_health(),
        "ceiling": queries.COUNT_CEILING,
        "may_connect": may(request.member.role, capabilities.MANAGE_STORES),
    }
    return answer_list(request, "stores/list.html", "stores/_stores.html", context)


@requires(capabilities.VIEW)
@require_GET
def store_detail(request: TenantRequest, store_id: int) -> HttpResponse:
    """Show one store and its deliveries; an htmx request gets the deliveries alone."""
    store = _find_store(store_id)
    wanted = _read_filter(request, store_id)
    context = {
        "store": store,
        "wanted": wanted,
        "page": queries.list_deliveries(
            wanted, after=_mark(request, "after"), before=_mark(request, "before")
        ),
        "statuses": DeliveryStatus.choices,
        "topics": queries.list_topics(store_id),
        "refused": queries.list_refused(store_id),
        "imports": queries.list_import_runs(store_id),
        "ceiling": queries.COUNT_CEILING,
        "may_retry": may(request.member.role, capabilities.RETRY_DELIVERIES),
        "may_manage": may(request.member.role, capabilities.MANAGE_STORES),
        "can_write": can_be_written(store.platform),
        "registration": find_registration(store_id),
        "pull": render_pull(request, store) if store.can_pull and not request.htmx else "",
        "days": render_days(request, store) if store.can_compare and not request.htmx else "",
    }
    return answer_list(request, "stores/detail.html", "stores/_deliveries.html", context)


@requires(capabilities.VIEW)
@require_GET
def delivery_detail(request: TenantRequest, delivery_id: int) -> HttpResponse:
    """Show one delivery: what came, and what became of it."""
    delivery = _find_delivery(delivery_id)
    context = {
        "delivery": delivery,
        "payload": queries.read_payload(delivery),
        "may_retry": may(request.member.role, capabilities.RETRY_DELIVERIES),
        "can_replay": can_replay(delivery),
        "can_retry": delivery.status in {DeliveryStatus.QUARANTINED, DeliveryStatus.IGNORED},
    }
    return render(request, "stores/delivery.html", context)


@requires(capabilities.VIEW)
@require_GET
def order_deliveries(request: TenantRequest, order_id: int) -> HttpResponse:
    """Show what the store sent about one order: a part of its page."""
    order = find_order(order_id)
    if order is None:
        raise Http404
    found = queries.list_deliveries_of_order(order.store_id, order.external_id)
    return render(request, "stores/_order.html", {"deliveries": found})


@requires(capabilities.RETRY_DELIVERIES)
@require_POST
def retry_delivery(request: TenantRequest, delivery_id: int) -> HttpResponse:
    """Put one delivery back into the queue."""
    delivery = _find_delivery(delivery_id)
    if retry_deliveries([delivery.pk]):
        messages.success(request, "The delivery waits again and is read within seconds.")
    else:
        messages.info(request, "Nothing to do: the delivery was applied or waits already.")
    return redirect("stores:delivery", request.tenant.slug, delivery.pk)


@requires(capabilities.RETRY_DELIVERIES)
@require_POST
def retry_store(request: TenantRequest, store_id: int) -> HttpResponse:
    """Put the quarantined deliveries that the filter shows back into the queue."""
    store = _find_store(store_id)
    topic = request.POST.get("topic", "").replace("\x00", "")
    wanted = DeliveryFilter(store_id=store_id, topic=topic)
    count = retry_deliveries(queries.list_quarantined_ids(wanted, limit=RETRY_LIMIT))
    messages.success(request, f"{count:,} deliveries of {store.name} wait again.")
    return redirect(reverse("stores:detail", args=[request.tenant.slug, store_id]))


def _find_store(store_id: int) -> StoreHealth:
    store = queries.find_store_health(store_id)
    if store is None:
        raise Http404
    return store


def _find_delivery(delivery_id: int) -> InboxDelivery:
    delivery = queries.find_delivery(delivery_id)
    if delivery is None:
        raise Http404
    return delivery


def _read_filter(request: HttpRequest, store_id: int) -> DeliveryFilter:
    status = request.GET.get("status", "")
    return DeliveryFilter(
        store_id=store_id,
        status=status if status in DeliveryStatus.values else "",
        topic=asked.read_text(request, "topic"),
        search=asked.read_text(request, "q"),
    )


def _mark(request: HttpRequest, name: str) -> int | None:
    found = request.GET.get(name, "")
    return int(found) if found.isdecimal() and len(found) < 19 else None  # noqa: PLR2004 bigint
