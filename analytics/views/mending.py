"""Mending what the page of the data shows, where a member says how; or letting it be."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.queries.hygiene import list_mendable
from crm.queries.strays import preview_strays
from crm.services import repairs, strays
from kernel.errors import DomainError, NotFound
from kernel.places import list_countries
from tenants.domain import capabilities
from tenants.models import Job
from tenants.services.access import requires
from tenants.types import TenantRequest

LOOKED_AT = 1_000
SHOWN = 100


@requires(capabilities.TAG_PROFILES)
@require_http_methods(["GET", "POST"])
def emails(request: TenantRequest) -> HttpResponse:
    """Show what malformed addresses were meant to be; a POST takes the chosen ones over."""
    found = list_mendable(LOOKED_AT)
    if request.method == "POST":
        chosen = set(request.POST.getlist("ids"))
        meant = {one.profile_id: one.meant for one in found if str(one.profile_id) in chosen}
        _say_mended(request, meant)
        return redirect("analytics:mend_emails", request.tenant.slug)
    context = {"found": found[:SHOWN], "more": max(0, len(found) - SHOWN)}
    return render(request, "analytics/emails.html", context)


@requires(capabilities.TAG_PROFILES)
@require_POST
def phones(request: TenantRequest) -> HttpResponse:
    """Start reading numbers without a country as those of one."""
    country = request.POST.get("country", "")
    if country not in dict(list_countries()):
        messages.error(request, "Choose the country that the numbers are of.")
        return redirect("analytics:data", request.tenant.slug)
    return _lead_to(request, repairs.start_reading_phones(country, actor=request.user.email))


@requires(capabilities.TAG_PROFILES)
@require_http_methods(["GET", "POST"])
def orders(request: TenantRequest) -> HttpResponse:
    """Show to whom orders of nobody would go by their addresses; a POST starts linking them."""
    if request.method == "POST":
        return _lead_to(request, strays.start_linking(actor=request.user.email))
    found = preview_strays()
    context = {"found": found, "more": found.count - len(found.shown)}
    return render(request, "analytics/strays.html", context)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def categories(request: TenantRequest) -> HttpResponse:
    """Start giving a category to every product that has none."""
    try:
        job = repairs.start_setting_category(
            request.POST.get("category", ""), actor=request.user.email
        )
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("analytics:data", request.tenant.slug)
    return _lead_to(request, job)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def ignore(request: TenantRequest) -> HttpResponse:
    """Put a kind of flaw aside for everybody, or look at it again."""
    key, actor = request.POST.get("key", ""), request.user.email
    try:
        if "heed" in request.POST:
            repairs.heed_flaw(key, actor=actor)
            messages.success(request, "It is shown again.")
        else:
            repairs.ignore_flaw(key, actor=actor)
            messages.success(request, "Put aside. You find it below, and can take it back.")
    except NotFound as exc:
        messages.info(request, exc.detail)
    return redirect("analytics:data", request.tenant.slug)


def _say_mended(request: TenantRequest, meant: dict[int, str]) -> None:
    taken = dict(list(meant.items())[: repairs.MOST_AT_ONCE])
    done = repairs.mend_emails(taken, actor=request.user.email)
    if done.fixed:
        people = "person is" if done.fixed == 1 else "people are"
        messages.success(request, f"{done.fixed} {people} known by the corrected address now.")
    if done.taken:
        text = "belongs" if done.taken == 1 else "belong"
        messages.info(
            request,
            f"{done.taken} of the addresses {text} to somebody else: look at the probable "
            "duplicates.",
        )
    if not (done.fixed or done.taken):
        messages.info(request, "Nothing was chosen, or it was corrected before.")


def _lead_to(request: TenantRequest, job: Job) -> HttpResponse:
    return redirect("tenants:job", request.tenant.slug, job.pk)
