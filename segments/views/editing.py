"""Making a segment and changing its definition."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from kernel import clock
from kernel.errors import DomainError, Outdated
from segments.choices import SegmentKind
from segments.domain.versions import merge
from segments.forms import SegmentForm
from segments.models import Segment
from segments.queries.builder import describe_language
from segments.queries.conditions import parse_definition
from segments.queries.drafts import examine_segment
from segments.queries.examples import list_examples
from segments.queries.impact import measure_impact
from segments.queries.listing import describe_definition
from segments.queries.review import definition_digest, review_definition
from segments.queries.versions import (
    find_meanwhile,
    list_disputed,
    read_version,
    values_of,
)
from segments.services.segments import change_tags, create_segment, update_segment
from segments.views.frame import find_segment
from tenants.domain.capabilities import EDIT_SEGMENTS
from tenants.services.access import requires
from tenants.types import TenantRequest


@require_http_methods(["GET", "POST"])
@requires(EDIT_SEGMENTS)
def segment_new(request: TenantRequest) -> HttpResponse:
    """Make a segment."""
    form = _form(request, {"definition": _read_definition(request)})
    warnings = _review(form, None)
    if form.is_valid() and not warnings:
        try:
            segment = create_segment(**form.edited(), tags=form.tags_typed())
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Segment made. Its members are being counted.")
            return redirect("segments:detail", request.tenant.slug, segment.pk)
    return _render_form(request, form, None, warnings)


@require_http_methods(["GET", "POST"])
@requires(EDIT_SEGMENTS)
def segment_edit(request: TenantRequest, segment_id: int) -> HttpResponse:
    """Change name or definition of a segment."""
    segment = find_segment(segment_id)
    opened = {"version": read_version(segment), "tags": ", ".join(segment.tags)}
    is_list = segment.kind == SegmentKind.STATIC
    form = _form(request, {**values_of(segment), **opened}, is_list=is_list)
    warnings = _review(form, segment)
    if form.is_valid() and not warnings:
        try:
            update_segment(segment_id, version=form.cleaned_data["version"], **form.edited())
            change_tags(segment_id, form.tags_typed())
        except Outdated:
            return _show_both(request, segment_id, form)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved. Members follow within a minute.")
            return redirect("segments:detail", request.tenant.slug, segment_id)
    return _render_form(request, form, segment, warnings)


@require_POST
@requires(EDIT_SEGMENTS)
def segment_preview(request: TenantRequest) -> HttpResponse:
    """Show who would be in a segment and what saving would change: a part of the form.

    Saves nothing. With ``quick`` it rather estimates than lets somebody wait who still types.
    """
    named = request.POST.get("segment", "")
    segment = find_segment(int(named)) if named.isdecimal() and len(named) < 19 else None  # noqa: PLR2004 bigint
    try:
        definition = json.loads(request.POST.get("definition", ""))
    except (ValueError, RecursionError):
        return render(request, "segments/_impact.html", {"error": "This is not valid JSON."})
    own_id = segment.pk if segment else None
    leaves = examine_segment(definition, own_id=own_id)
    is_marked = any(leaf.fault for leaf in leaves)
    context: dict[str, Any] = {
        "segment": segment,
        "leaves": [asdict(leaf) for leaf in leaves],
        "is_marked": is_marked,
    }
    if is_marked:
        return render(request, "segments/_impact.html", context)
    try:
        context["impact"] = measure_impact(
            definition,
            clock.now(),
            segment_id=own_id,
            is_quick="quick" in request.POST,
        )
        context["words"] = describe_definition(definition)
    except DomainError as exc:
        context["error"] = exc.detail
    return render(request, "segments/_impact.html", context)


def _read_definition(request: TenantRequest) -> Any:
    """Return the definition that another page made of its filters; None without a sound one."""
    try:
        definition = json.loads(request.GET.get("definition", ""))
        parse_definition(definition)
    except (ValueError, RecursionError, DomainError):
        return None
    return definition


def _form(request: TenantRequest, initial: dict[str, Any], *, is_list: bool = False) -> SegmentForm:
    typed = request.POST if request.method == "POST" else None
    return SegmentForm(typed, initial=initial, is_list=is_list)


def _blame(form: SegmentForm, exc: DomainError) -> None:
    field = "name" if "name" in exc.fields else "definition"
    form.add_error(field, exc.detail)


def _review(form: SegmentForm, segment: Segment | None) -> list[str]:
    """Return what should be known of a definition before it is saved, once for each.

    The form then holds that this definition was looked at, so that it is saved the next time.
    """
    if not form.is_valid() or "definition" not in form.cleaned_data:
        return []
    definition = form.cleaned_data["definition"]
    mark = definition_digest(definition)
    is_old = segment is not None and segment.definition == definition
    if is_old or form.cleaned_data["reviewed"] == mark:
        return []
    own_id = None if segment is None else segment.pk
    warnings = review_definition(definition, clock.now(), own_id=own_id)
    if warnings:
        form.data = {name: form.data[name] for name in form.data} | {"reviewed": mark}
    return warnings


def _render_form(
    request: TenantRequest, form: SegmentForm, segment: Segment | None, warnings: Sequence[str]
) -> HttpResponse:
    is_list = segment is not None and segment.kind == SegmentKind.STATIC
    context = {
        "form": form,
        "segment": segment,
        "is_list": is_list,
        "warnings": warnings,
        **_vocabulary(request),
    }
    status = 422 if form.is_bound else 200
    return render(request, "segments/form.html", context, status=status)


def _vocabulary(request: TenantRequest) -> dict[str, Any]:
    """Return what a definition can say, as the editor shows it."""
    return {"language": describe_language(request.tenant), "examples": list_examples()}


def _show_both(request: TenantRequest, segment_id: int, form: SegmentForm) -> HttpResponse:
    """Show what others saved meanwhile beside what was typed, which stays in the form."""
    segment = find_segment(segment_id)
    mine = {**values_of(segment), **form.edited()}
    meanwhile = find_meanwhile(segment, form.cleaned_data["version"])
    kept = mine if meanwhile.base is None else merge(meanwhile.base, meanwhile.theirs, mine)
    context = {
        "form": SegmentForm.holding(
            kept,
            read_version(segment),
            form.cleaned_data["tags"],
            is_list=segment.kind == SegmentKind.STATIC,
        ),
        "segment": segment,
        "is_list": segment.kind == SegmentKind.STATIC,
        **_vocabulary(request),
        "meanwhile": meanwhile,
        "disputed": list_disputed(meanwhile, mine),
    }
    return render(request, "segments/form.html", context, status=409)
