"""What members change about one person: tags, notes, consent, merges; and a copy of the data."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from rest_framework.renderers import JSONRenderer

from crm.api.profile_shapes import ProfileExport
from crm.choices import ConsentState
from crm.domain.channels import CHANNEL_LABELS
from crm.models import Note, ProfileMerge
from crm.queries import people
from crm.queries.joining import compare_profiles, find_live
from crm.queries.parting import describe_parting
from crm.queries.person import list_notes
from crm.queries.resources import export_profile, final_winner
from crm.services import notes
from crm.services.consent import record_consent
from crm.services.merging import MANUAL, merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.tags import tag_person
from crm.views.person import get_profile
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services import audit
from tenants.services.access import requires
from tenants.types import TenantRequest

CANDIDATES = 10
MAX_REASON = 500
STATES = {
    ConsentState.SUBSCRIBED.value: "Agrees to be contacted",
    ConsentState.UNSUBSCRIBED.value: "Wants no more marketing",
    ConsentState.WITHDRAWN.value: "Takes an earlier consent back",
}


@requires(capabilities.TAG_PROFILES)
@require_POST
def tag(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Give one person a tag, or take one away."""
    profile = get_profile(profile_id)
    added, removed = request.POST.get("add_tag", ""), request.POST.get("remove_tag", "")
    changed = tag_person(
        profile.pk,
        added=[added] if added else [],
        removed=[removed] if removed else [],
        actor=request.user.email,
    )
    if changed:
        messages.success(request, "Tags saved.")
    return _back(request, profile_id, request.POST.get("tab", ""))


@requires(capabilities.VIEW)
@require_GET
def note_list(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Show the notes about one person, newest first: a part of their page."""
    profile = get_profile(profile_id)
    context = {
        "profile": profile,
        "notes": list_notes(profile.pk),
        "may_write": may(request.member.role, capabilities.WRITE_NOTES),
        "max_length": notes.MAX_LENGTH,
    }
    return render(request, "crm/_notes.html", context)


@requires(capabilities.WRITE_NOTES)
@require_POST
def add_note(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Write a note."""
    profile = get_profile(profile_id)
    try:
        notes.add_note(
            profile.pk,
            text=request.POST.get("text", ""),
            user_id=request.user.pk,
            author=request.user.email,
        )
    except NotFound as exc:
        raise Http404 from exc
    except Invalid as exc:
        messages.error(request, f"{exc.detail} Nothing was saved.")
    return _back(request, profile_id, "notes")


@requires(capabilities.WRITE_NOTES)
@require_POST
def change_note(request: TenantRequest, profile_id: int, note_id: int) -> HttpResponse:
    """Change or delete a note of one's own."""
    if not Note.objects.filter(pk=note_id, profile_id=profile_id).exists():
        raise Http404
    action = request.POST.get("action", "")
    user_id, author = request.user.pk, request.user.email
    try:
        if action == "delete":
            notes.delete_note(note_id, user_id=user_id, author=author)
        elif action == "edit":
            text = request.POST.get("text", "")
            notes.edit_note(note_id, text=text, user_id=user_id, author=author)
        else:
            return HttpResponseBadRequest("There is no such action.")
    except NotFound as exc:
        raise Http404 from exc
    except Invalid as exc:
        messages.error(request, f"{exc.detail} Nothing was changed.")
    return _back(request, profile_id, "notes")


@requires(capabilities.WRITE_NOTES)
@require_POST
def change_consent(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Record what somebody told a member about one channel, with the member's words as proof."""
    profile = get_profile(profile_id)
    if profile.erased_at is not None:
        raise Http404  # the words of a proof would name who was to be forgotten
    channel, state = request.POST.get("channel", ""), request.POST.get("state", "")
    reason = request.POST.get("reason", "").replace("\x00", "").strip()[:MAX_REASON]
    if channel not in CHANNEL_LABELS or state not in STATES or not reason:
        messages.error(request, "Nothing was recorded: say the channel, the state and the reason.")
        return _back(request, profile_id, "consent")
    changed = record_consent(
        profile.pk, channel, state, method="manual", detail=reason, actor=request.user.email
    )
    if changed:
        audit.record(
            "profile.consent_changed",
            "profile",
            profile.pk,
            after={"channel": channel, "state": state},
            actor=request.user.email,
        )
        messages.success(
            request, f"{CHANNEL_LABELS[channel]} is {state} now, with your reason as proof."
        )
    else:
        messages.info(request, "Nothing to do: that is what holds already.")
    return _back(request, profile_id, "consent")


@requires(capabilities.EXPORT_PROFILES)
@require_POST
def export_person(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Send everything that is stored of one person, for them to keep."""
    profile = get_profile(profile_id)
    context = {"currency": request.tenant.currency}
    found = ProfileExport(export_profile(profile.pk), context=context)
    body = JSONRenderer().render(found.data)
    audit.record(
        "profile.exported",
        "profile",
        profile.pk,
        after={"format": "json"},
        actor=request.user.email,
    )
    name = f"profile-{profile.pk}.json"
    return HttpResponse(
        body,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@requires(capabilities.TAG_PROFILES)
@require_http_methods(["GET", "POST"])
def merge(request: TenantRequest, profile_id: int) -> HttpResponse:
    """Find the other profile of the same person, compare both, and make them one."""
    profile = find_live(get_profile(profile_id).pk)
    if profile is None:
        return _back(request, profile_id, "")
    said = request.POST if request.method == "POST" else request.GET
    other = _find_other(said.get("with", ""), profile.pk)
    if request.method == "POST":
        if other is None:
            return HttpResponseBadRequest("Nobody was chosen.")
        pair = (other, profile_id) if said.get("keep") == "other" else (profile_id, other)
        return _join(request, pair)
    search = said.get("q", "").replace("\x00", "").strip()[:200]
    found = people.list_people(people.Wanted(search=search), clock.now(), limit=CANDIDATES + 1)
    gone = find_live(other) if other else None
    context = {
        "profile": profile,
        "name": str(profile),
        "search": search,
        "people": [row for row in found.rows if row.id != profile.pk][:CANDIDATES]
        if search
        else [],
        "joining": compare_profiles(profile, gone) if gone else None,
        "other": gone,
    }
    return render(request, "crm/merge.html", context)


@requires(capabilities.TAG_PROFILES)
@require_http_methods(["GET", "POST"])
def undo_merge(request: TenantRequest, profile_id: int, merge_id: int) -> HttpResponse:
    """Show what parting two profiles changes, and part them."""
    found = ProfileMerge.objects.filter(pk=merge_id, winner_id=profile_id).first()
    if found is None:
        raise Http404
    if request.method == "GET":
        return render(request, "crm/parting.html", {"parting": describe_parting(found)})
    try:
        unmerge_profile(merge_id)
        messages.success(request, "They are two people again.")
    except Conflict as exc:
        messages.error(request, f"Nothing was changed: {exc.detail}.")
    return _back(request, profile_id, "merges")


def _join(request: HttpRequest, pair: tuple[int, int]) -> HttpResponse:
    try:
        merge_profiles([pair], rule=MANUAL)
        messages.success(request, "Both are one person now. You can undo it for 30 days.")
    except Conflict as exc:
        messages.error(request, f"Nothing was changed: {exc.detail}")
    return _back(request, pair[0], "merges")


def _find_other(text: str, profile_id: int) -> int | None:
    """Return the id of a live profile other than this one."""
    number = int(text) if text.isdecimal() and len(text) < 19 else 0  # noqa: PLR2004 bigint
    found = find_live(number) if number and number != profile_id else None
    return found.pk if found else None


def _back(request: HttpRequest, profile_id: int, tab: str) -> HttpResponse:
    slug = request.tenant.slug  # type: ignore[attr-defined] # see TenantRequest
    address = reverse("crm:profile", args=[slug, final_winner(profile_id)])
    known = {"timeline", "notes", "orders", "segments", "messages", "consent", "merges"}
    return redirect(f"{address}?tab={tab}" if tab in known else address)
