"""Members of a tenant: their roles, their going, and the rules for all of them."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from kernel import clock
from kernel.errors import DomainError, Forbidden, NotFound
from tenants import queries
from tenants.domain import capabilities, roles
from tenants.forms.accounts import PasswordForm
from tenants.forms.members import InviteForm
from tenants.models import Member
from tenants.services import members as services
from tenants.services.access import requires
from tenants.services.limits import is_allowed
from tenants.types import TenantRequest

UNDER_RATE = "Too many attempts. Wait 5 minutes, then try again. Nothing was changed."


@requires(capabilities.VIEW)
@require_GET
def members(request: TenantRequest) -> HttpResponse:
    """List who may sign in, who is invited, and what each role may do."""
    return show_members(request)


@requires(capabilities.MANAGE_MEMBERS)
@require_POST
def change_role(request: TenantRequest, member_id: int) -> HttpResponse:
    """Give a member another role."""
    role = request.POST.get("role", "")
    try:
        member = services.change_role(member_id, role, by=request.member)
    except DomainError as exc:
        return _refused(request, exc)
    messages.success(request, f"{_name(member)} is now {member.get_role_display()}.")
    return _back(request)


@requires(capabilities.MANAGE_MEMBERS)
@require_POST
def remove_member(request: TenantRequest, member_id: int) -> HttpResponse:
    """Take somebody's way into the tenant away."""
    try:
        member = services.remove_member(member_id, by=request.member)
    except DomainError as exc:
        return _refused(request, exc)
    messages.success(request, f"{_name(member)} is no longer a member.")
    return _back(request)


@requires(capabilities.VIEW)
@require_POST
def leave(request: TenantRequest) -> HttpResponse:
    """Let a member go by their own wish."""
    try:
        services.leave_tenant(request.member.pk)
    except DomainError as exc:
        return _refused(request, exc)
    messages.success(request, f"You left {request.tenant.name}.")
    return redirect("enter")


@requires(capabilities.MANAGE_TENANT)
@require_POST
def hand_over(request: TenantRequest, member_id: int) -> HttpResponse:
    """Make somebody else the owner, confirmed by the owner's password."""
    if queries.find_member(request.tenant.pk, member_id) is None:
        raise Http404
    form = PasswordForm(request.POST)
    if not is_allowed(request, "reauthenticate"):
        messages.error(request, UNDER_RATE)
        return _back(request)
    if not form.is_valid() or not request.user.check_password(form.cleaned_data["password"]):
        messages.error(request, "The password is wrong. The shop was not handed over.")
        return _back(request)
    try:
        heir = services.hand_over(member_id, by=request.member)
    except DomainError as exc:
        return _refused(request, exc)
    messages.success(request, f"{_name(heir)} is now the owner, and you are an admin.")
    return _back(request)


@requires(capabilities.MANAGE_MEMBERS)
@require_POST
def require_two_step(request: TenantRequest) -> HttpResponse:
    """Say whether every member needs two-step verification."""
    is_required = request.POST.get("is_required") == "on"
    if is_required and not queries.has_two_step(request.user.pk):
        messages.error(
            request,
            "Set two-step verification up for yourself first, or you would lock yourself out.",
        )
        return _back(request)
    services.require_two_step(is_required=is_required)
    text = "Every member now needs" if is_required else "Members no longer need"
    messages.success(request, f"{text} two-step verification.")
    return _back(request)


def show_members(
    request: TenantRequest, form: InviteForm | None = None, *, status: int = 200
) -> HttpResponse:
    """Answer with the page of members, with the invitation that was not sent if there is one."""
    people = queries.list_members(request.tenant.pk)
    may_manage = capabilities.may(request.member.role, capabilities.MANAGE_MEMBERS)
    protected = queries.list_with_two_step(member.user_id for member in people)
    owners = sum(member.role == roles.OWNER for member in people)
    context = {
        "rows": [_row(request.member, member, protected, owners) for member in people],
        "count": len(people),
        "may_manage": may_manage,
        "is_owner": request.member.role == roles.OWNER,
        "heirs": [member for member in people if member.pk != request.member.pk],
        "is_last_owner": request.member.role == roles.OWNER and owners == 1,
        "invitations": queries.list_open_invitations(request.tenant.pk) if may_manage else [],
        "now": clock.now(),
        "form": form or InviteForm(giver=request.member.role),
        "password_form": PasswordForm(),
        "matrix": _matrix(),
        "roles": roles.ROLES,
        "unprotected": len(people) - len(protected),
    }
    return render(request, "tenants/members.html", context, status=status)


def _row(me: Member, member: Member, protected: set[int], owners: int) -> dict[str, object]:
    may_manage = capabilities.may(me.role, capabilities.MANAGE_MEMBERS)
    may_touch = may_manage and not roles.refuse_removal(me.role, member.role)
    is_last_owner = member.role == roles.OWNER and owners == 1
    return {
        "member": member,
        "is_me": member.pk == me.pk,
        "has_two_step": member.user_id in protected,
        "roles": roles.roles_to_give(me.role) if may_touch and not is_last_owner else (),
        "may_remove": may_touch and not is_last_owner and member.pk != me.pk,
    }


def _matrix() -> list[tuple[str, list[bool]]]:
    return [
        (words, [capabilities.may(role, name) for role in roles.ROLES])
        for name, words in capabilities.WORDS.items()
    ]


def _name(member: Member) -> str:
    return member.user.name or member.user.email


def _back(request: TenantRequest) -> HttpResponse:
    return redirect("tenants:members", request.tenant.slug)


def _refused(request: TenantRequest, exc: DomainError) -> HttpResponse:
    """Say why nothing was changed; what is not there is not there, what may not be may not be."""
    if isinstance(exc, NotFound):
        raise Http404 from exc
    messages.error(request, f"{exc.detail} Nothing was changed.")
    status = 403 if isinstance(exc, Forbidden) else 422
    return show_members(request, status=status)
