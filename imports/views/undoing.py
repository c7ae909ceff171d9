"""Undoing an import: what would happen, the start, and what was left as it is."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from imports import queries
from imports.services.undoing import start_undo
from imports.views.showing import can_undo, find_shown, words
from kernel import clock
from kernel.cells import safe_cell
from kernel.csvs import stream_csv
from kernel.errors import DomainError
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

HEADINGS = ("What", "Id", "Why it stays")
THINGS = {
    "person": ("person", "people"),
    "order": ("order", "orders"),
    "refund": ("refund", "refunds"),
    "event": ("event", "events"),
    "points": ("balance of points", "balances of points"),
    "product": ("product", "products"),
    "variant": ("variant", "variants"),
    "suppression": ("suppressed address", "suppressed addresses"),
    "merge": ("merge of two people", "merges of two people"),
}
"""What an import made or changed, by kind: one, and several."""


@requires(capabilities.MANAGE_STORES)
@require_http_methods(["GET", "POST"])
def undo(request: TenantRequest, import_id: int) -> HttpResponse:
    """Say what undoing an import would do; a POST starts it, or goes on where it was stopped."""
    shown = find_shown(import_id)
    if request.method == "POST":
        try:
            start_undo(import_id, actor=request.user.email)
        except DomainError as exc:
            messages.info(request, exc.detail)
        return redirect("imports:detail", request.tenant.slug, import_id)
    if not can_undo(shown, clock.now()):
        messages.info(request, "It was undone already, is at work, or its 30 days are over.")
        return redirect("imports:detail", request.tenant.slug, import_id)
    context = {**words(shown), "lines": _lines(shown.source)}
    return render(request, "imports/undo.html", context)


@requires(capabilities.MANAGE_STORES)
@require_GET
def kept(request: TenantRequest, import_id: int) -> HttpResponse:
    """Send what an undo left as it is, each with its reason."""
    source = find_shown(import_id).source

    def read(mark: str) -> tuple[list[Sequence[object]], str | None]:
        kind, _, object_id = mark.partition(":")
        after = (kind, int(object_id or 0))
        rows = queries.list_kept(source.pk, after=after, limit=queries.EXPORT_ROWS)
        cells: list[Sequence[object]] = [
            (THINGS[row.kind][0], row.object_id, row.kept) for row in rows
        ]
        if len(rows) < queries.EXPORT_ROWS:
            return cells, None
        return cells, f"{rows[-1].kind}:{rows[-1].object_id}"

    name = f"{slugify(source.filename.rpartition('.')[0])[:80] or 'import'}-not-undone.csv"
    return stream_csv(request.tenant.pk, name, HEADINGS, read, safe_cell)


def _lines(source: Any) -> list[dict[str, Any]]:
    """Return what was created and changed, in the order in which people think of it."""
    counts = {(row.kind, row.is_new): row.things for row in queries.count_changes(source)}
    return [
        {
            "thing": names[1].capitalize(),
            "removed": counts.get((kind, True), 0),
            "restored": counts.get((kind, False), 0),
        }
        for kind, names in THINGS.items()
        if (kind, True) in counts or (kind, False) in counts
    ]
