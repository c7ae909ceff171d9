"""Lists: made, filled by hand, by upload, from the list of people or as a copy of a segment."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.queries.people_filters import read_wanted, write_query
from crm.queries.resources import is_profile
from crm.services.bulk import choose_people, read_ids
from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.formats import format_day
from segments.choices import SegmentKind
from segments.forms import ListForm, PeopleForm
from segments.models import Segment
from segments.queries.conditions import get_moment
from segments.queries.lists import list_choices
from segments.services.lists import (
    Added,
    add_by_address,
    add_to_list,
    create_list,
    remove_from_list,
    start_adding,
    start_snapshot,
)
from segments.views.frame import find_segment
from tenants.domain.capabilities import EDIT_SEGMENTS
from tenants.services.access import requires
from tenants.types import TenantRequest


@require_http_methods(["GET", "POST"])
@requires(EDIT_SEGMENTS)
def list_new(request: TenantRequest) -> HttpResponse:
    """Make a list, with people on it if addresses are given."""
    form = ListForm(*_typed(request))
    if not form.is_valid():
        return render(request, "segments/list_form.html", {"form": form}, status=_status(form))
    try:
        made = create_list(
            name=form.cleaned_data["name"],
            description=form.cleaned_data["description"],
            tags=form.tags_typed(),
        )
    except DomainError as exc:
        form.add_error("name", exc.detail)
        return render(request, "segments/list_form.html", {"form": form}, status=422)
    messages.success(request, "List made.")
    return _fill(request, made, form) or redirect("segments:detail", request.tenant.slug, made.pk)


@require_http_methods(["GET", "POST"])
@requires(EDIT_SEGMENTS)
def list_people(request: TenantRequest, list_id: int) -> HttpResponse:
    """Put people on a list by their addresses; who is unknown is told."""
    found = _find_list(list_id)
    form = PeopleForm(*_typed(request))
    if form.is_valid():
        if not form.text().strip():
            form.add_error("addresses", "Type or upload at least one email address.")
        elif (shown := _fill(request, found, form)) is not None:
            return shown
    context = {"form": form, "segment": found}
    return render(request, "segments/list_people.html", context, status=_status(form))


@require_POST
@requires(EDIT_SEGMENTS)
def list_take_off(request: TenantRequest, list_id: int) -> HttpResponse:
    """Take one person off a list."""
    found = _find_list(list_id)
    removed = remove_from_list(found.pk, read_ids(request.POST), actor=request.user.email)
    if removed:
        messages.success(request, f"Taken off {found.name}.")
    return redirect("segments:detail", request.tenant.slug, list_id)


@require_POST
@requires(EDIT_SEGMENTS)
def segment_snapshot(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Copy who is in a segment now to a list; the page of the job shows how far it is."""
    source = find_segment(segment_id)
    name = f"{source.name}, {format_day(get_moment(clock.now()).today)}"
    try:
        _, job = start_snapshot(segment_id, name[:120], actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"Nothing was copied: {exc.detail}.")
        return redirect("segments:detail", request.tenant.slug, segment_id)
    return redirect("tenants:job", request.tenant.slug, job.pk)


@require_GET
@requires(EDIT_SEGMENTS)
def list_options(request: TenantRequest) -> HttpResponse:
    """Show the choice of a list: a part of the dialog over the people who are chosen."""
    return render(request, "segments/_list_options.html", {"lists": list_choices()})


@require_POST
@requires(EDIT_SEGMENTS)
def add_many(request: TenantRequest) -> HttpResponse:
    """Start putting the chosen people, or all that the list shows, on a list."""
    query = write_query(read_wanted(_query(request)))
    back = f"{reverse('crm:profiles', args=[request.tenant.slug])}?{query}"
    try:
        selection, total = choose_people(request.POST)
        if not selection:
            messages.info(request, "Nobody was chosen, so nothing was done.")
            return redirect(back)
        found = _chosen_list(request)
        job = start_adding(found, selection, actor=request.user.email, total=total)
    except DomainError as exc:
        messages.error(request, f"Nothing was changed: {exc.detail}.")
        return redirect(back)
    return redirect("tenants:job", request.tenant.slug, job.pk)


@require_POST
@requires(EDIT_SEGMENTS)
def profile_lists(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Put one person on a list, or take them off."""
    if not is_profile(profile_id):
        raise Http404
    named = request.POST.get("list", "")
    found = _find_list(int(named)) if named.isdecimal() and len(named) < 19 else None  # noqa: PLR2004 bigint
    if found is None:
        messages.error(request, "Nothing was changed: choose a list.")
    elif request.POST.get("action") == "remove":
        remove_from_list(found.pk, [profile_id], actor=request.user.email)
        messages.success(request, f"Taken off {found.name}.")
    else:
        add_to_list(found.pk, [profile_id], actor=request.user.email)
        messages.success(request, f"Put on {found.name}.")
    address = reverse("crm:profile", args=[request.tenant.slug, profile_id])
    return redirect(f"{address}?tab=segments")


def _typed(request: TenantRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _status(form: PeopleForm) -> int:
    return 422 if form.is_bound else 200


def _fill(request: TenantRequest, found: Segment, form: PeopleForm) -> HttpResponse | None:
    """Put the owners of the typed addresses on a list, and show what became of them."""
    if not form.text().strip():
        return None
    try:
        added = add_by_address(found.pk, form.text(), actor=request.user.email)
    except DomainError as exc:
        form.add_error("addresses", exc.detail)
        return None
    if added.unknown:
        return render(request, "segments/list_added.html", {"segment": found, "added": added})
    messages.success(request, _speak(added))
    return redirect("segments:detail", request.tenant.slug, found.pk)


def _speak(added: Added) -> str:
    were = f", {added.already:,} were on it already" if added.already else ""
    return f"{added.added:,} put on the list{were}."


def _find_list(segment_id: int) -> Segment:
    found = find_segment(segment_id)
    if found.kind != SegmentKind.STATIC or found.archived_at is not None:
        raise Http404
    return found


def _chosen_list(request: TenantRequest) -> int:
    """Return the id of the list that was chosen, or of a new one whose name was typed.

    Raises:
        NotFound: neither.
    """
    if name := request.POST.get("new_list", "").strip():
        return create_list(name=name[:120]).pk
    named = request.POST.get("list", "")
    if not (named.isdecimal() and len(named) < 19):  # noqa: PLR2004 bigint
        raise NotFound("choose a list, or type the name of a new one")
    return int(named)


def _query(request: TenantRequest) -> dict[str, str]:
    return QueryDict(request.POST.get("query", "")).dict()
