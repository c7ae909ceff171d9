"""Coupons: the list, making and changing one, its codes, and the file of them."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.choices import STOREFRONTS
from crm.queries.sources import list_connected
from kernel import asked
from kernel.cells import safe_cell
from kernel.csvs import stream_csv
from kernel.errors import DomainError, NotFound
from kernel.formats import format_time
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from messaging.choices import CodeStatus, CouponKind, CouponStatus
from messaging.forms import SHOWN_AT, CodesForm, CouponForm, initial_of
from messaging.queries import coupons as reads
from messaging.queries.coupons import CouponRow, WantedCodes
from messaging.services import coupons
from messaging.services.coupon_checks import describe_wanted
from messaging.views.content_frame import tabs_of
from stores.platforms import WRITERS
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

VIEWS = (("", "All"), *CouponStatus.choices)
STATUSES = [choice for choice in CodeStatus.choices if choice[0] != CodeStatus.REFUSED]
BEGINNING = {"low_water": 500, "valid_unit": "days", "when_out": "skip"}
HEADINGS = ("code", "status", "email", "given_at", "expires_at", "redeemed_at", "message_id")


@requires(capabilities.VIEW)
@require_GET
def coupon_list(request: TenantRequest) -> HttpResponse:
    """List the coupons with what is left, sent and redeemed of each."""
    status = asked.read_choice(request, "status", CouponStatus.values)
    page = reads.list_coupons(status, asked.read_place(request))
    total = reads.count_coupons(status)
    context: dict[str, Any] = {
        "page": page,
        "tabs": tabs_of(request, "coupons"),
        "status": status,
        "views": VIEWS,
        "shown": speak_count(len(page.rows), total, "coupons"),
        "is_empty": not page.rows and not status and not reads.has_coupons(),
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return render(request, "messaging/coupons.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def new_coupon(request: TenantRequest) -> HttpResponse:
    """Offer the kinds of coupons, then the form of one; a POST makes it."""
    kind = request.POST.get("kind") or asked.read_choice(request, "kind", CouponKind.values)
    if kind not in CouponKind.values:
        return render(request, "messaging/coupon_kinds.html", {"kinds": CouponKind.choices})
    form = _form(request, kind, initial=BEGINNING)
    if request.method == "POST" and form.is_valid():
        data = form.read(request.tenant.timezone)
        try:
            made = coupons.create_coupon(data, actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, f"{made.name} is ready. {_what_next(kind)}")
            return redirect("messaging:coupon", request.tenant.slug, made.pk)
    return _show_form(request, form)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def edit_coupon(request: TenantRequest, offer_id: int) -> HttpResponse:
    """Show the form of a coupon; a POST changes it."""
    row = _find(offer_id)
    coupon = row.coupon
    initial = initial_of(coupon, reads.list_skus_of(coupon), request.tenant.timezone)
    form = _form(request, coupon.kind, initial=dict(initial), currency=coupon.currency)
    if request.method == "POST" and form.is_valid():
        data = form.read(request.tenant.timezone)
        try:
            is_new = coupons.update_coupon(coupon.pk, data, actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved" if is_new else "Nothing to save.")
            return redirect("messaging:coupon", request.tenant.slug, coupon.pk)
    return _show_form(request, form, row)


@requires(capabilities.EDIT_FLOWS)
@require_GET
def sentence(request: TenantRequest) -> HttpResponse:
    """Say what a form offers so far, as a fragment."""
    kind = asked.read_choice(request, "kind", CouponKind.values, CouponKind.POOL.value)
    form = CouponForm(
        request.GET, kind=kind, stores=_stores(kind), currency=request.tenant.currency
    )
    form.is_valid()
    words = describe_wanted(form.cleaned_data, request.tenant.currency)
    return render(request, "messaging/_coupon_sentence.html", {"words": words})


@requires(capabilities.VIEW)
@require_GET
def coupon(request: TenantRequest, offer_id: int) -> HttpResponse:
    """Show a coupon with its codes; an htmx request gets the part below the filters."""
    row = _find(offer_id)
    wanted = WantedCodes(
        coupon_id=offer_id,
        status=asked.read_choice(request, "status", CodeStatus.values),
        search=asked.read_text(request, "q"),
    )
    page = reads.list_codes(wanted, asked.read_place(request))
    role = request.member.role
    context: dict[str, Any] = {
        "row": row,
        "coupon": row.coupon,
        "wanted": wanted,
        "page": page,
        "shown": speak_count(len(page.rows), reads.count_codes(wanted), "codes"),
        "may_edit": may(role, capabilities.EDIT_FLOWS),
        "may_export": may(role, capabilities.EXPORT_PROFILES),
    }
    return answer_list(
        request,
        "messaging/coupon.html",
        "messaging/_coupon_codes.html",
        context,
        lambda: {
            "statuses": STATUSES,
            "stores": reads.list_stores_of(row.coupon),
            "is_given": row.coupon.status == CouponStatus.ACTIVE,
            "left_note": f"alarm below {max(row.coupon.low_water, row.coupon.daily_demand):,}",
        },
    )


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def upload(request: TenantRequest, offer_id: int) -> HttpResponse:
    """Show the form that takes a list of codes; a POST looks through it, or adds its codes."""
    row = _find(offer_id)
    if row.coupon.kind != CouponKind.POOL or row.is_over:
        raise Http404
    form = CodesForm(request.POST or None, request.FILES or None)
    found = None
    if request.method == "POST" and form.is_valid():
        is_dry = request.POST.get("do") != "add"
        try:
            found = coupons.upload_codes(
                offer_id, form.read(), is_dry=is_dry, actor=request.user.email
            )
        except DomainError as exc:
            _blame(form, exc)
        else:
            if not is_dry:
                messages.success(request, f"{found.new:,} codes were added.")
                return _go(request, "messaging:coupon", offer_id)
    context = {"row": row, "coupon": row.coupon, "form": form, "found": found}
    is_fragment = request.headers.get("HX-Request") == "true"
    page = "messaging/_coupon_check.html" if is_fragment else "messaging/coupon_upload.html"
    # htmx shows no answer that says 422.
    is_refused = bool(form.errors) and not is_fragment
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, page, context, status=status)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def change_status(request: TenantRequest, offer_id: int) -> HttpResponse:
    """Pause a coupon, let it go on, or end it."""
    _find(offer_id)
    wanted = request.POST.get("status", "")
    if wanted not in CouponStatus.values:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    try:
        is_new = coupons.set_status(offer_id, wanted, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, f"{exc.detail} Nothing was changed.")
    else:
        said = {
            "active": "Codes are given out from now on.",
            "paused": "Messages with this coupon wait until you let it go on.",
            "ended": "Nobody is given a code any more. What people have stays good.",
        }
        messages.success(request, said[wanted] if is_new else "It is so already.")
    return redirect("messaging:coupon", request.tenant.slug, offer_id)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def release(request: TenantRequest, offer_id: int, code_id: int) -> HttpResponse:
    """Give back a code that somebody has."""
    try:
        code = coupons.release_code(offer_id, code_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, f"{exc.detail} Nothing was changed.")
    else:
        messages.success(request, f"{code} is given to the next person who needs one.")
    return redirect("messaging:coupon", request.tenant.slug, offer_id)


@requires(capabilities.EXPORT_PROFILES)
@require_GET
def export(request: TenantRequest, offer_id: int) -> HttpResponse:
    """Send all codes of a coupon with who has them, as a file."""
    _find(offer_id)
    coupons.record_export(offer_id, actor=request.user.email)
    zone = request.tenant.timezone

    def batches(mark: str) -> tuple[Iterable[Sequence[object]], str | None]:
        rows = reads.list_codes_after(offer_id, mark)
        lines = [
            (
                row.code,
                row.status,
                row.profile.email if row.profile else "",
                *(
                    format_time(at, zone, "yyyy-MM-dd HH:mm") if at else ""
                    for at in (row.claimed_at, row.expires_at, row.redeemed_at)
                ),
                row.message_id or "",
            )
            for row in rows
        ]
        return lines, str(rows[-1].pk) if len(rows) == reads.EXPORTED else None

    return stream_csv(request.tenant.pk, "coupon-codes.csv", HEADINGS, batches, safe_cell)


def _find(offer_id: int) -> CouponRow:
    row = reads.find_coupon(offer_id)
    if row is None:
        raise Http404
    return row


def _form(
    request: TenantRequest, kind: str, *, initial: dict[str, Any], currency: str = ""
) -> CouponForm:
    return CouponForm(
        request.POST or None,
        initial=initial,
        kind=kind,
        stores=_stores(kind),
        currency=currency or request.tenant.currency,
    )


def _stores(kind: str) -> list[tuple[int, str]]:
    """Return the shops that can take codes; where Patron makes them, those it writes to."""
    takes = WRITERS if kind == CouponKind.GENERATED else STOREFRONTS
    return [(store.pk, store.name) for store in list_connected() if store.platform in takes]


def _show_form(
    request: TenantRequest, form: CouponForm, row: CouponRow | None = None
) -> HttpResponse:
    currency = form.currency
    words = row.words if row is not None else describe_wanted({}, currency)
    if form.is_bound:
        words = describe_wanted(form.cleaned_data, currency)
    context = {
        "form": form,
        "row": row,
        "kind": form.kind,
        "kind_label": CouponKind(form.kind).label,
        "words": words,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/coupon_form.html", context, status=status)


def _blame(form: Any, exc: DomainError) -> None:
    for told, text in (exc.fields or {"": exc.detail}).items():
        field = SHOWN_AT.get(told, told)
        form.add_error(field if field in form.fields else None, text)


def _what_next(kind: str) -> str:
    if kind == CouponKind.POOL:
        return "Upload its codes next."
    if kind == CouponKind.GENERATED:
        return "The first codes are being made in the shop."
    return "Messages can carry its code."


def _go(request: TenantRequest, name: str, offer_id: int) -> HttpResponse:
    """Lead on, also where htmx sent the form."""
    answer = redirect(name, request.tenant.slug, offer_id)
    if request.headers.get("HX-Request") != "true":
        return answer
    return HttpResponse(headers={"HX-Redirect": answer.url})
