"""The list of people and its export."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from crm.domain.csv_cells import safe_cell
from crm.panels import label_of, list_filters
from crm.queries import people
from crm.queries.people import SORTINGS, Person, Wanted
from kernel import clock
from kernel.money import to_text
from kernel.tenancy import tenant_scope
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services import audit
from tenants.services.access import requires
from tenants.types import TenantRequest

MAX_SEARCH = 200
_HEADINGS = (
    "id",
    "name",
    "email",
    "phone",
    "country",
    "city",
    "first_known",
    "email_consent",
    "sms_consent",
    "orders",
    "net_revenue",
    "currency",
    "last_order",
    "rfm_group",
    "points",
)

_SORTINGS = (
    ("-new", "Newest first"),
    ("new", "Oldest first"),
    ("-last", "Last order, newest first"),
    ("last", "Last order, oldest first"),
    ("-revenue", "Most revenue first"),
    ("revenue", "Least revenue first"),
)


@requires(capabilities.VIEW)
@require_GET
def profile_list(request: TenantRequest) -> HttpResponse:
    """Show the people; an htmx request gets the table alone."""
    wanted = _read_wanted(request)
    page = people.list_people(
        wanted,
        clock.now(),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "rows": [(row, label_of("rfm_group", row.rfm_group)) for row in page.rows],
        "shown": _shown(wanted, len(page.rows)) if page.rows else "",
    }
    if request.htmx:
        response = render(request, "crm/_people.html", context)
    else:
        context |= {
            "filters": _filters(wanted),
            "sortings": _SORTINGS,
            "is_empty": not page.rows and not wanted.is_narrowed and not people.has_people(),
            "may_export": may(request.member.role, capabilities.EXPORT_PROFILES),
        }
        response = render(request, "crm/profiles.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@requires(capabilities.EXPORT_PROFILES)
@require_GET
def export_profiles(request: TenantRequest) -> HttpResponse:
    """Stream the people that the list shows, all pages of it, as CSV."""
    wanted = _read_wanted(request)
    audit.record(
        "profiles.exported",
        "profile",
        "list",
        after={"search": wanted.search, "filters": dict(wanted.chosen)},
        actor=request.user.email,
    )
    rows = _export(request.tenant.pk, request.tenant.currency, wanted)
    name = f"profiles-{request.tenant.slug}-{clock.now():%Y-%m-%d}.csv"
    return StreamingHttpResponse(  # type: ignore[return-value] # a response, though no HttpResponse
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class _Line:
    """What the CSV writer writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def _export(tenant_id: int, currency: str, wanted: Wanted) -> Iterator[str]:
    """Yield lines; the request's own scope is closed by the time they are asked for."""
    writer = csv.writer(_Line())
    yield writer.writerow(_HEADINGS)
    now = clock.now()
    mark: str | None = ""
    while mark is not None:
        with tenant_scope(tenant_id), transaction.atomic():
            page = people.list_people(wanted, now, after=mark, limit=people.EXPORT_BATCH)
        mark = page.next
        for person in page.rows:
            yield writer.writerow([safe_cell(cell) for cell in _cells(person, currency)])


def _cells(person: Person, currency: str) -> Sequence[object]:
    return (
        person.id,
        person.name,
        person.email,
        person.phone,
        person.country,
        person.city,
        person.created_at.isoformat(),
        person.email_consent,
        person.sms_consent,
        person.order_count,
        to_text(person.net_minor, currency),
        currency,
        person.last_order_at.isoformat() if person.last_order_at else "",
        person.rfm_group,
        person.points_balance,
    )


def _read_wanted(request: TenantRequest) -> Wanted:
    """Read search, filters and order of an address; what does not exist is left out."""
    sort = request.GET.get("sort", "")
    chosen = {}
    for item in list_filters():
        value = request.GET.get(item.key, "")
        if value and value in dict(item.list_choices()):
            chosen[item.key] = value
    return Wanted(
        search=request.GET.get("q", "").replace("\x00", "").strip()[:MAX_SEARCH],
        chosen=chosen,
        sort=sort if sort.lstrip("-") in SORTINGS and sort.count("-") < 2 else "-new",  # noqa: PLR2004 one sign
    )


def _shown(wanted: Wanted, rows: int) -> str:
    total = people.count_people(wanted)
    more = "+" if total >= people.COUNT_CEILING else ""
    buyers = ", those with an order" if wanted.sort.endswith("last") else ""
    return f"{rows:,} of {total:,}{more} people{buyers}"


def _filters(wanted: Wanted) -> list[dict[str, Any]]:
    return [
        {
            "key": item.key,
            "label": item.label,
            "anything": item.anything,
            "choices": choices,
            "value": wanted.chosen.get(item.key, ""),
        }
        for item in list_filters()
        if (choices := item.list_choices())
    ]
