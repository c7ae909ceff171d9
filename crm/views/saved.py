"""Saved views of the list of people, and its columns."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.models import SavedView
from crm.queries.people_filters import read_wanted, write_query
from crm.queries.views import clean_columns
from crm.services import saved_views
from kernel.errors import Invalid, NotFound
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.VIEW)
@require_POST
def save_view(request: TenantRequest) -> HttpResponse:
    """Keep what the list shows under a name."""
    query = _read_query(request)
    try:
        view = saved_views.save_view(
            user_id=request.user.pk,
            name=request.POST.get("name", ""),
            query=query,
            columns=clean_columns(request.POST.getlist("columns")),
            is_shared=bool(request.POST.get("is_shared")),
            actor=request.user.email,
        )
    except Invalid as exc:
        messages.error(request, f"{exc.detail} Nothing was saved.")
        return redirect(_address(request, query))
    messages.success(request, f"{view.name} is saved.")
    return redirect(_address(request, query, view.pk))


@requires(capabilities.VIEW)
@require_POST
def change_view(request: TenantRequest, view_id: int) -> HttpResponse:
    """Rename, share, bring up to date, delete or restore a view, or begin with it."""
    if not SavedView.objects.filter(pk=view_id).exists():
        raise Http404
    action = _ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        return HttpResponseBadRequest("There is no such action.")
    try:
        return action(request, view_id)
    except NotFound as exc:
        raise Http404 from exc
    except Invalid as exc:
        messages.error(request, f"{exc.detail} Nothing was changed.")
        return redirect(_address(request, _read_query(request), view_id))


@requires(capabilities.VIEW)
@require_POST
def choose_columns(request: TenantRequest) -> HttpResponse:
    """Remember which columns the member wants to see; in a view of their own, with the view."""
    columns = clean_columns(request.POST.getlist("columns"))
    view_id = request.POST.get("view", "")
    saved_views.choose_columns(request.user.pk, columns)
    number = int(view_id) if view_id.isdecimal() and len(view_id) < 19 else None  # noqa: PLR2004 bigint
    own = SavedView.objects.filter(pk=number or 0, user_id=request.user.pk, deleted_at=None)
    if number is not None and own.exists():
        saved_views.change_view(
            number, user_id=request.user.pk, actor=request.user.email, columns=columns
        )
    return redirect(_address(request, _read_query(request), number))


def _edit(request: TenantRequest, view_id: int) -> HttpResponse:
    view = saved_views.change_view(
        view_id,
        user_id=request.user.pk,
        actor=request.user.email,
        name=request.POST.get("name", ""),
        is_shared=bool(request.POST.get("is_shared")),
    )
    messages.success(request, "Saved.")
    return redirect(_address(request, view.query, view_id))


def _update(request: TenantRequest, view_id: int) -> HttpResponse:
    query = _read_query(request)
    view = saved_views.change_view(
        view_id, user_id=request.user.pk, actor=request.user.email, query=query
    )
    messages.success(request, f"{view.name} now shows this.")
    return redirect(_address(request, query, view_id))


def _delete(request: TenantRequest, view_id: int) -> HttpResponse:
    saved_views.delete_view(view_id, user_id=request.user.pk, actor=request.user.email)
    base = reverse("crm:profiles", args=[request.tenant.slug])
    return redirect(f"{base}?view=all&deleted={view_id}")


def _restore(request: TenantRequest, view_id: int) -> HttpResponse:
    view = saved_views.restore_view(view_id, user_id=request.user.pk, actor=request.user.email)
    messages.success(request, f"{view.name} is back.")
    return redirect(_address(request, view.query, view_id))


def _begin(request: TenantRequest, view_id: int) -> HttpResponse:
    saved_views.choose_default(request.user.pk, view_id)
    messages.success(request, "Profiles begin with this view from now on.")
    return redirect(_address(request, _read_query(request), view_id))


def _begin_with_all(request: TenantRequest, view_id: int) -> HttpResponse:
    saved_views.choose_default(request.user.pk, None)
    messages.success(request, "Profiles begin with everybody again.")
    return redirect(_address(request, _read_query(request), view_id))


_ACTIONS = {
    "edit": _edit,
    "update": _update,
    "delete": _delete,
    "restore": _restore,
    "begin": _begin,
    "begin_with_all": _begin_with_all,
}


def _read_query(request: TenantRequest) -> str:
    return write_query(read_wanted(QueryDict(request.POST.get("query", "")).dict()))


def _address(request: TenantRequest, query: str, view_id: int | None = None) -> str:
    base = reverse("crm:profiles", args=[request.tenant.slug])
    which = f"view={view_id or 'all'}"
    return f"{base}?{which}{'&' if query else ''}{query}"
