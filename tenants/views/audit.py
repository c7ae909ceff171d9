"""The audit trail: who changed what, with before and after."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from kernel import clock
from kernel.cells import safe_cell
from kernel.csvs import BATCH, stream_csv
from tenants.domain import actions, capabilities
from tenants.domain.differences import Difference, list_differences
from tenants.queries import audit as queries
from tenants.queries.audit import Entry, Wanted
from tenants.services import audit
from tenants.services.access import requires
from tenants.types import TenantRequest

SHOWN_CHANGES = 3
MAX_LENGTH = 200
_HEADINGS = ("at", "actor", "action", "object_type", "object_id", "before", "after")


@requires(capabilities.READ_AUDIT)
@require_GET
def trail(request: TenantRequest) -> HttpResponse:
    """List what was changed, newest first."""
    wanted = _read_wanted(request)
    page = queries.list_entries(
        wanted,
        request.tenant.timezone,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    actors = queries.list_actors()
    if wanted.actor and wanted.actor not in actors:
        actors = [wanted.actor, *actors]
    chosen = {name: request.GET[name] for name in _NAMES if request.GET.get(name)}
    context = {
        "rows": [_describe(request, row) for row in page.rows],
        "page": page,
        "wanted": wanted,
        "what": request.GET.get("what", ""),
        "actors": [(actor, actions.describe_actor(actor)) for actor in actors],
        "objects": _choices(),
        "query": urlencode(chosen),
        "shown": f"{len(page.rows)} entries, newest first",
    }
    return render(request, "tenants/audit.html", context)


@requires(capabilities.READ_AUDIT)
@require_GET
def entry(request: TenantRequest, audit_id: int) -> HttpResponse:
    """Show one change, field by field."""
    found = queries.find_entry(audit_id)
    if found is None:
        raise Http404
    differences = list_differences(found.before, found.after)
    context = {
        "entry": found,
        "row": _describe(request, found),
        "differences": differences,
        "has_before": found.before is not None,
        "has_after": found.after is not None,
    }
    return render(request, "tenants/audit_entry.html", context)


@requires(capabilities.READ_AUDIT)
@require_GET
def export(request: TenantRequest) -> HttpResponse:
    """Stream the entries that the list shows, all pages of it, as CSV."""
    wanted = _read_wanted(request)
    filters = {name: str(getattr(wanted, name) or "") for name in Wanted.__dataclass_fields__}
    audit.record("audit.exported", "audit", "list", after=filters)
    name = f"audit-{request.tenant.slug}-{clock.now():%Y-%m-%d}.csv"
    zone = request.tenant.timezone

    def read(mark: str) -> tuple[list[Sequence[object]], str | None]:
        page = queries.list_entries(wanted, zone, after=mark, limit=BATCH)
        return [_cells(row) for row in page.rows], page.next

    return stream_csv(request.tenant.pk, name, _HEADINGS, read, safe_cell)


_NAMES = ("actor", "what", "id", "from", "to")


def _read_wanted(request: TenantRequest) -> Wanted:
    """Read the filters of an address; a day that does not exist is left out."""
    what = request.GET.get("what", "")
    is_action = what in actions.ACTIONS
    return Wanted(
        actor=_clean(request.GET.get("actor", "")),
        object_type="" if is_action else _clean(what),
        action=what if is_action else "",
        object_id=_clean(request.GET.get("id", "")),
        first=_read_day(request.GET.get("from", "")),
        last=_read_day(request.GET.get("to", "")),
    )


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:MAX_LENGTH]


def _read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(1970, 1, 1) <= day < date(9999, 1, 1) else None


def _choices() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return each kind of object with its actions, for the filter."""
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in actions.OBJECTS}
    for action, words in actions.ACTIONS.items():
        groups[_object_of(action)].append((action, words.capitalize()))
    return [(name, actions.OBJECTS[name], found) for name, found in groups.items()]


def _object_of(action: str) -> str:
    prefix = action.partition(".")[0]
    found = (name for name in (prefix, prefix.removesuffix("s")) if name in actions.OBJECTS)
    return next(found, "person")


def _describe(request: TenantRequest, row: Any) -> dict[str, Any]:
    changes = [
        change
        for change in list_differences(row.before, row.after)
        if change.kind != "same" and (change.before or change.after)
    ]
    return {
        "entry": row,
        "actor": actions.describe_actor(row.actor),
        "words": actions.describe(row.action),
        "object": actions.describe_object(row.object_type),
        "object_url": _url_of(request.tenant.slug, row),
        "changes": [_shorten(change) for change in changes[:SHOWN_CHANGES]],
        "more": max(0, len(changes) - SHOWN_CHANGES),
    }


def _shorten(change: Difference) -> dict[str, str]:
    return {"name": change.name, "before": change.before, "after": change.after}


def _url_of(slug: str, row: Any) -> str:
    name = actions.PAGES.get(row.object_type, "")
    if not name or not row.object_id.isdigit():
        return ""
    try:
        return reverse(name, args=[slug, int(row.object_id)])
    except NoReverseMatch:
        return ""


def _cells(row: Entry) -> tuple[object, ...]:
    return (
        row.at.isoformat(),
        row.actor,
        row.action,
        row.object_type,
        row.object_id,
        "" if row.before is None else json.dumps(row.before, ensure_ascii=False),
        "" if row.after is None else json.dumps(row.after, ensure_ascii=False),
    )
