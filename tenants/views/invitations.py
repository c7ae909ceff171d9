"""Invitations: sending them, taking them back, and following their link."""

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.tenancy import tenant_scope
from tenants import queries
from tenants.choices import TenantStatus
from tenants.domain import capabilities
from tenants.forms.accounts import NewcomerForm
from tenants.forms.members import InviteForm
from tenants.forms.problems import add_problem
from tenants.models import Invitation, User
from tenants.services import invitations as services
from tenants.services.access import requires
from tenants.services.limits import is_allowed
from tenants.services.login import log_in
from tenants.services.mails import send_invitation
from tenants.types import NewInvitation, TenantRequest
from tenants.views.members import show_members
from tenants.views.refusals import too_many

log = structlog.get_logger(__name__)

TOO_MANY = "Too many invitations in an hour. Try again later; nothing was sent."


@transaction.non_atomic_requests
@requires(capabilities.MANAGE_MEMBERS)
@require_POST
def invite(request: TenantRequest) -> HttpResponse:
    """Invite an address; its mail is sent once the invitation is committed."""
    form = InviteForm(request.POST, giver=request.member.role)
    if not form.is_valid():
        return _show_unsent(request, form, status=422)
    if not is_allowed(request, "invite", key=str(request.tenant.pk)):
        form.add_error(None, TOO_MANY)
        return _show_unsent(request, form, status=429)
    data = form.cleaned_data
    try:
        new = services.create_invitation(data["email"], data["role"], by=request.member)
    except DomainError as exc:
        add_problem(form, exc)
        return _show_unsent(request, form, status=422)
    return _send(request, new)


@transaction.non_atomic_requests
@requires(capabilities.MANAGE_MEMBERS)
@require_POST
def resend(request: TenantRequest, invitation_id: int) -> HttpResponse:
    """Send an invitation again, with a new link."""
    if not is_allowed(request, "invite", key=str(request.tenant.pk)):
        messages.error(request, TOO_MANY)
        return redirect("tenants:members", request.tenant.slug)
    try:
        new = services.resend_invitation(invitation_id, by=request.member)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("tenants:members", request.tenant.slug)
    return _send(request, new)


@requires(capabilities.MANAGE_MEMBERS)
@require_POST
def revoke(request: TenantRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    try:
        invitation = services.revoke_invitation(invitation_id)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, f"The invitation of {invitation.email} is revoked.")
    return redirect("tenants:members", request.tenant.slug)


@never_cache
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Follow the link of an invitation: a GET shows it, a POST accepts it."""
    if request.method == "POST" and not is_allowed(request, "accept_invitation"):
        return too_many(request)
    invitation = queries.find_invitation(token)
    problem = _problem(invitation)
    if invitation is None or problem:
        return _say_why(request, invitation, problem)
    if request.user.is_authenticated:
        return _accept_as(request, invitation, token, request.user)
    return _accept_as_stranger(request, invitation, token)


@require_POST
def accept_elsewhere(request: HttpRequest, token: str) -> HttpResponse:
    """Log out, so that the invited person can log in on this device."""
    logout(request)
    return redirect("accept_invitation", token)


def _accept_as(
    request: HttpRequest, invitation: Invitation, token: str, user: User
) -> HttpResponse:
    if user.email.lower() != invitation.email:
        return _show(request, invitation, token, state="other", status=403)
    if request.method == "GET":
        return _show(request, invitation, token, state="member")
    return _join(request, invitation, user)


def _accept_as_stranger(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    if queries.find_person(invitation.email) is not None:
        return _show(request, invitation, token, state="login")
    form = NewcomerForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        status = 200 if request.method == "GET" else 422
        return _show(request, invitation, token, state="new", form=form, status=status)
    data = form.cleaned_data
    try:
        with tenant_scope(invitation.tenant_id):
            member = services.accept_as_newcomer(
                invitation.pk, name=data["name"], password=data["password"]
            )
    except NotFound as exc:
        return _say_why(request, invitation, exc.detail)
    except DomainError as exc:
        add_problem(form, exc)
        return _show(request, invitation, token, state="new", form=form, status=422)
    log_in(request, member.user)
    messages.success(request, f"Welcome to {invitation.tenant.name}.")
    return redirect("analytics:home", invitation.tenant.slug)


def _join(request: HttpRequest, invitation: Invitation, user: User) -> HttpResponse:
    try:
        with tenant_scope(invitation.tenant_id):
            services.accept_invitation(invitation.pk, user)
    except DomainError as exc:
        return _say_why(request, invitation, exc.detail)
    messages.success(request, f"Welcome to {invitation.tenant.name}.")
    return redirect("analytics:home", invitation.tenant.slug)


def _problem(invitation: Invitation | None) -> str:
    """Return in one sentence why a link does nothing; empty when it works."""
    if invitation is None:
        return "The link is not complete, or a newer one was sent after it."
    reasons = {
        "It was accepted already. Each link works once.": invitation.accepted_at is not None,
        "It was taken back by somebody of the shop.": invitation.revoked_at is not None,
        "It is older than seven days.": invitation.expires_at <= clock.now(),
        "The shop is switched off at the moment.": (
            invitation.tenant.status != TenantStatus.ACTIVE
        ),
    }
    return next((words for words, holds in reasons.items() if holds), "")


def _say_why(request: HttpRequest, invitation: Invitation | None, problem: str) -> HttpResponse:
    admins = queries.list_names_of_admins(invitation.tenant_id) if invitation else []
    context = {"invitation": invitation, "problem": problem, "admins": admins}
    return render(request, "tenants/invitation_gone.html", context, status=410)


def _show(
    request: HttpRequest,
    invitation: Invitation,
    token: str,
    *,
    state: str,
    form: NewcomerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    here = reverse("accept_invitation", args=[token])
    context = {
        "invitation": invitation,
        "token": token,
        "state": state,
        "form": form,
        "login_url": f"{reverse('account_login')}?{urlencode({'next': here})}",
    }
    return render(request, "tenants/invitation.html", context, status=status)


def _show_unsent(request: TenantRequest, form: InviteForm, *, status: int) -> HttpResponse:
    """Show the page again in a transaction, which its frame needs and this view has not."""
    with transaction.atomic():
        return show_members(request, form, status=status)


def _send(request: TenantRequest, new: NewInvitation) -> HttpResponse:
    address = settings.PUBLIC_URL + reverse("accept_invitation", args=[new.token])
    try:
        send_invitation(new, address)
    except OSError as exc:
        log.warning("invitation.unsent", invitation=new.invitation.pk, error=str(exc))
        messages.error(
            request,
            f"{new.invitation.email} is invited, but the mail could not be sent. "
            "Send it again once the mail server answers.",
        )
    else:
        messages.success(request, f"The invitation is on its way to {new.invitation.email}.")
    return redirect("tenants:members", request.tenant.slug)
