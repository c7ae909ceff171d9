"""Replaying deliveries that were applied: the choice with its count, the start, and one alone."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.formats import find_zone
from stores import queries
from stores.platforms import FETCHERS
from stores.services import replaying
from stores.services.replaying import CEILING, THIN, Span
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

DAYS_AT_FIRST = 7
FIRST_YEAR, LAST_YEAR = 2000, 2200


@requires(capabilities.RETRY_DELIVERIES)
@require_http_methods(["GET", "POST"])
def replay_store(request: TenantRequest, store_id: int) -> HttpResponse:
    """Choose what is replayed and see how much that is; a POST starts it."""
    store = queries.find_store_health(store_id)
    if store is None:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    topic = given.get("topic", "").replace("\x00", "")
    first, last = _days(request, given.get("from", ""), given.get("to", ""))
    zone = request.tenant.timezone
    span = Span(store_id, clock.start_of_day(first, zone), clock.end_of_day(last, zone), topic)
    if request.method == "POST":
        try:
            job = replaying.start_replay(span, actor=request.user.email)
        except DomainError as exc:
            messages.error(request, exc.detail)
            return redirect("stores:replay_store", request.tenant.slug, store_id)
        return redirect("tenants:job", request.tenant.slug, job.pk)
    is_thin = store.platform in FETCHERS
    context = {
        "store": store,
        "topics": queries.list_topics(store_id),
        "topic": topic,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "count": 0 if is_thin else replaying.count_replayable(span),
        "ceiling": CEILING,
        "thin": THIN if is_thin else "",
    }
    return render(request, "stores/replay.html", context)


@requires(capabilities.RETRY_DELIVERIES)
@require_POST
def replay_delivery(request: TenantRequest, delivery_id: int) -> HttpResponse:
    """Replay one delivery at once and say what became of it."""
    try:
        said = replaying.replay_one(delivery_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.info(request, exc.detail)
    else:
        messages.success(request, f"Replayed. {said}.")
    return redirect("stores:delivery", request.tenant.slug, delivery_id)


def _days(request: TenantRequest, first: str, last: str) -> tuple[date, date]:
    today = clock.now().astimezone(find_zone(request.tenant.timezone)).date()
    end = _day(last) or today
    return min(_day(first) or end - timedelta(days=DAYS_AT_FIRST - 1), end), end


def _day(text: str) -> date | None:
    """Return a day of an address; None for what is none, or has no sense in a calendar."""
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and FIRST_YEAR <= found.year <= LAST_YEAR else None
