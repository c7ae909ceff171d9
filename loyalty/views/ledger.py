"""The ledger of everybody, its export, and the account of one person."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from crm.queries.person import find_profile
from crm.queries.resources import final_winner
from kernel import asked, clock
from kernel.asked import AskedPeriod
from kernel.csvs import BATCH
from kernel.errors import DomainError, NotFound
from kernel.fragments import answer_list
from kernel.keyset import Place, speak_count
from loyalty.choices import EntryKind
from loyalty.forms import AdjustForm
from loyalty.queries import listing
from loyalty.queries import overview as figures
from loyalty.queries.ledger import find_program
from loyalty.queries.listing import EntryRow, WantedEntries
from loyalty.queries.lots import list_lots
from loyalty.queries.standing import find_progress
from loyalty.queries.tiers import list_changes
from loyalty.services.adjusting import adjust_points
from loyalty.views.overview import tabs
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.services.exporting import export_list
from tenants.types import TenantRequest

_HEADINGS = (
    "id",
    "effective_at",
    "profile_id",
    "name",
    "email",
    "kind",
    "points",
    "order",
    "rule",
    "note",
    "actor",
    "source_key",
)


@requires(capabilities.VIEW)
@require_GET
def ledger(request: TenantRequest) -> HttpResponse:
    """Show every movement of points; an htmx request gets the table alone."""
    wanted, period = _read_wanted(request)
    page = listing.list_ledger(wanted, asked.read_place(request))
    total = listing.count_ledger(wanted) if page.rows else 0
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "shown": speak_count(len(page.rows), total, "movements"),
        "chips": asked.period_chips(request, period),
    }
    return answer_list(
        request,
        "loyalty/ledger.html",
        "loyalty/_ledger.html",
        context,
        lambda: {
            "tabs": tabs(request, "loyalty:ledger"),
            "period": period,
            "periods": asked.PERIODS,
            "kinds": EntryKind.choices,
            "is_empty": not page.rows and not wanted.is_narrowed and not figures.has_entries(),
            "may_export": may(request.member.role, capabilities.EXPORT_PROFILES),
        },
    )


@requires(capabilities.EXPORT_PROFILES)
@require_GET
def export_ledger(request: TenantRequest) -> HttpResponse:
    """Stream the movements that the list shows, all pages of it, as CSV."""
    wanted, _ = _read_wanted(request)

    def read(mark: str) -> tuple[list[Sequence[object]], str | None]:
        page = listing.list_ledger(wanted, Place(after=mark, limit=BATCH))
        return [_cells(row) for row in page.rows], page.next

    return export_list(request, "points", _HEADINGS, read, of=("program", "ledger"))


@requires(capabilities.VIEW)
@require_GET
def account(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show the points of one person; the id of one that was merged leads to the winner."""
    return _account(request, profile_id, AdjustForm(initial={"token": uuid4(), "way": "give"}))


@requires(capabilities.ADJUST_POINTS)
@require_POST
def adjust(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Give or take points; the same form counts once."""
    form = AdjustForm(request.POST)
    if not form.is_valid():
        return _account(request, profile_id, form)
    try:
        entry = adjust_points(
            profile_id=profile_id,
            points=form.signed_points(),
            reason=form.cleaned_data["reason"],
            token=form.cleaned_data["token"],
            actor=request.user.email,
        )
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        form.add_error("points", exc.detail)
        return _account(request, profile_id, form)
    verb = "given" if entry.points > 0 else "taken"
    messages.success(request, f"{abs(entry.points):,} points were {verb}.")
    return redirect("loyalty:account", request.tenant.slug, entry.profile_id)


def _account(request: TenantRequest, profile_id: int, form: AdjustForm) -> HttpResponse:
    profile = find_profile(profile_id)
    if profile is None:
        raise Http404
    if profile.merged_into_id is not None:
        return redirect("loyalty:account", request.tenant.slug, final_winner(profile_id))
    kinds, program = figures.sum_kinds(profile_id), find_program()
    balance = sum(points for _, points in kinds)
    wanted = WantedEntries(profile_id=profile_id)
    progress = find_progress(profile_id, program, clock.now())
    page = listing.list_ledger(wanted, asked.read_place(request))
    can_adjust = profile.erased_at is None
    context = {
        "profile": profile,
        "balance": balance,
        "worth_minor": figures.worth_minor(balance, program, request.tenant.currency),
        "program": program,
        "kinds": kinds,
        "lots": list_lots(profile_id, request.tenant.timezone),
        "progress": progress,
        "tier_changes": list_changes(profile_id) if progress else [],
        "page": page,
        "shown": speak_count(len(page.rows), listing.count_ledger(wanted), "movements"),
        "form": form,
        "may_adjust": can_adjust and may(request.member.role, capabilities.ADJUST_POINTS),
        "is_account": True,
    }
    status = 422 if form.errors else 200
    return render(request, "loyalty/account.html", context, status=status)


def _cells(row: EntryRow) -> Sequence[object]:
    return (
        row.id,
        row.effective_at.isoformat(),
        row.profile_id,
        row.name,
        row.email,
        row.kind,
        row.points,
        row.order_number,
        row.rule,
        row.note,
        row.actor,
        row.source_key,
    )


def _read_wanted(request: TenantRequest) -> tuple[WantedEntries, AskedPeriod]:
    """Read filters of an address; what does not exist is left out."""
    period = asked.read_period(request, figures.today())
    wanted = WantedEntries(
        kind=asked.read_choice(request, "kind", EntryKind.values),
        search=asked.read_text(request, "q"),
        first_day=period.first,
        last_day=period.last,
    )
    return wanted, period
