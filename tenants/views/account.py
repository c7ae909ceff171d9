"""The account of a person: what they are called, and where they are logged in."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.errors import NotFound
from tenants import queries
from tenants.domain.devices import is_phone, name_device
from tenants.forms.accounts import ProfileForm
from tenants.models import User
from tenants.services.people import rename_person
from tenants.services.sessions import end_other_sessions, end_session, list_sessions


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show a person's name and shops; a POST changes the name."""
    user = cast("User", request.user)
    form = ProfileForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        rename_person(user, form.cleaned_data["name"])
        messages.success(request, "Your name is saved.")
        return redirect("account_profile")
    context = {"form": form, "memberships": queries.list_memberships(user.pk)}
    status = 422 if form.errors else 200
    return render(request, "account/profile.html", context, status=status)


@login_required
@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """List where a person is logged in."""
    here = request.session.session_key
    rows = [
        {
            "session": session,
            "device": name_device(session.user_agent),
            "is_phone": is_phone(session.user_agent),
            "is_here": session.session_key == here,
        }
        for session in list_sessions(cast("User", request.user))
    ]
    rows.sort(key=lambda row: not row["is_here"])
    return render(request, "usersessions/usersession_list.html", {"rows": rows})


@login_required
@require_POST
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Log one device out."""
    try:
        session = end_session(session_id, user=cast("User", request.user))
    except NotFound:
        messages.info(request, "This session had ended already.")
    else:
        messages.success(request, f"{name_device(session.user_agent)} is logged out.")
    return redirect("usersessions_list")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Log every other device out."""
    here = request.session.session_key or ""
    count = end_other_sessions(here, user=cast("User", request.user))
    messages.success(
        request,
        f"{count} other session{'' if count == 1 else 's'} ended."
        if count
        else "There was no other session.",
    )
    return redirect("usersessions_list")
