"""Probable duplicates: the list, the comparison of two, and what a member decides."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.choices import DuplicateStatus
from crm.models import ProbableDuplicate
from crm.queries import duplicates
from crm.queries.duplicates import PAGE, Wanted
from crm.queries.joining import compare_profiles
from crm.services.duplicates import merge_pairs, reopen, request_search, set_apart
from crm.services.merging import rank_profiles
from kernel.keyset import speak_count
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

STATUSES = (DuplicateStatus.OPEN, DuplicateStatus.APART)
_BIGINT = 19


@requires(capabilities.VIEW)
@require_GET
def duplicate_list(request: TenantRequest) -> HttpResponse:
    """Show the pairs that wait for a decision, or those that are two people."""
    wanted = _read_wanted(request)
    page = duplicates.list_pairs(
        wanted, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    base = reverse("crm:duplicates", args=[request.tenant.slug])
    total = duplicates.count_pairs(wanted) if page.rows else 0
    context: dict[str, Any] = {
        "page": page,
        "wanted": wanted,
        "shown": speak_count(len(page.rows), total, "pair" if total == 1 else "pairs"),
        "is_narrowed": bool(wanted.reason or wanted.score),
        "is_open": wanted.status == DuplicateStatus.OPEN,
        "search": duplicates.find_search(),
        "reasons": sorted(duplicates.REASONS.items(), key=lambda item: item[1]),
        "scores": duplicates.SCORES,
        "may_decide": may(request.member.role, capabilities.TAG_PROFILES),
        "tabs": [
            {
                "label": status.label,
                "url": base if status == DuplicateStatus.OPEN else f"{base}?status={status}",
                "active": status == wanted.status,
            }
            for status in STATUSES
        ],
    }
    return render(request, "crm/duplicates.html", context)


@requires(capabilities.TAG_PROFILES)
@require_POST
def decide_many(request: TenantRequest) -> HttpResponse:
    """Merge the chosen pairs, or remember that they are two people each."""
    ids = [int(text) for text in request.POST.getlist("ids") if _is_id(text)][:PAGE]
    action = request.POST.get("action", "")
    if action not in ("merge", "apart", "reopen"):
        return HttpResponseBadRequest("There is no such action.")
    _decide(request, ids, action)
    return redirect(_address(request, action))


@requires(capabilities.TAG_PROFILES)
@require_POST
def search_again(request: TenantRequest) -> HttpResponse:
    """Have the whole base looked through now."""
    request_search(actor=request.user.email)
    messages.success(request, "The search has begun. New pairs appear here as they are found.")
    return redirect("crm:duplicates", request.tenant.slug)


@requires(capabilities.TAG_PROFILES)
@require_http_methods(["GET", "POST"])
def duplicate_detail(request: TenantRequest, duplicate_id: int) -> HttpResponse:
    """Compare two profiles side by side, and decide; the next pair follows."""
    pair = duplicates.find_pair(duplicate_id)
    if pair is None:
        raise Http404
    if request.method == "POST":
        return _decide_one(request, pair)
    ranks = rank_profiles([pair.one_id, pair.other_id])
    kept, gone = sorted((pair.one, pair.other), key=lambda profile: ranks[profile.pk])
    if request.GET.get("keep") == str(gone.pk):
        kept, gone = gone, kept
    context = {
        "pair": pair,
        "is_open": pair.status == DuplicateStatus.OPEN,
        "is_apart": pair.status == DuplicateStatus.APART,
        "reasons": duplicates.speak_reasons(pair.reason, pair.reasons),
        "joining": compare_profiles(kept, gone),
        "next_id": duplicates.find_next(pair),
    }
    return render(request, "crm/duplicate.html", context)


def _decide_one(request: TenantRequest, pair: ProbableDuplicate) -> HttpResponse:
    action, keep = request.POST.get("action", ""), request.POST.get("keep", "")
    if action not in ("merge", "apart", "reopen") or (
        action == "merge" and keep not in (str(pair.one_id), str(pair.other_id))
    ):
        return HttpResponseBadRequest("There is no such action.")
    following = duplicates.find_next(pair) if action != "reopen" else pair.pk
    _decide(request, [pair.pk], action, keep=int(keep) if action == "merge" else None)
    if following is None or duplicates.find_pair(following) is None:
        return redirect("crm:duplicates", request.tenant.slug)
    return redirect("crm:duplicate", request.tenant.slug, following)


def _decide(
    request: TenantRequest, ids: list[int], action: str, *, keep: int | None = None
) -> None:
    actor = request.user.email
    if action == "merge":
        done = len(merge_pairs(ids, keep=keep))
        text = "One pair is one person now." if done == 1 else f"{done} profiles were merged."
        text += " You can undo it for 30 days on the page of the person, under Merges."
    elif action == "apart":
        done = set_apart(ids, actor=actor)
        pairs = "One pair is" if done == 1 else f"{done} pairs are"
        text = f"{pairs} not the same person. Nobody is asked again; undo it under Not the same."
    else:
        done = reopen(ids, actor=actor)
        text = "It waits for a decision again." if done == 1 else f"{done} pairs wait again."
    if done:
        messages.success(request, text)
    else:
        messages.info(request, "Nothing to do: that was decided before.")


def _read_wanted(request: TenantRequest) -> Wanted:
    status, reason = request.GET.get("status", ""), request.GET.get("reason", "")
    score = request.GET.get("score", "")
    return Wanted(
        status=status if status in STATUSES else DuplicateStatus.OPEN,
        reason=reason if reason in duplicates.REASONS else "",
        score=score if score in dict(duplicates.SCORES) else "",
    )


def _address(request: TenantRequest, action: str) -> str:
    base = reverse("crm:duplicates", args=[request.tenant.slug])
    return f"{base}?status=apart" if action == "reopen" else base


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < _BIGINT
