"""Members: their roles, their going, and that a tenant always has an owner."""

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.scope import current_tenant_id
from tenants.choices import Role
from tenants.domain import roles
from tenants.models import FormerMember, Member, Tenant, User
from tenants.services import audit

LAST_OWNER = "A shop needs an owner. Make somebody else the owner first."


@transaction.atomic
def change_role(member_id: int, role: str, *, by: Member) -> Member:
    """Give a member of the active tenant another role; the same role changes nothing.

    Raises:
        NotFound: the tenant has no such member.
        Invalid: the role does not exist.
        Forbidden: who asks may not make or unmake an owner.
        Conflict: they are the last owner.
    """
    member = _lock_member(member_id)
    if role not in Role.values:
        raise Invalid("Choose a role.", fields={"role": "Choose a role."})
    if problem := roles.refuse_role_change(by.role, member.role, role):
        raise Forbidden(problem)
    if member.role == role:
        return member
    if member.role == Role.OWNER:
        _require_another_owner(member)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    _record("member.role_changed", member, before={"role": before}, after={"role": role})
    return member


@transaction.atomic
def remove_member(member_id: int, *, by: Member) -> Member:
    """Take somebody's way into the active tenant away, from the next request on.

    Raises:
        NotFound: the tenant has no such member.
        Forbidden: who asks may not unmake an owner.
        Conflict: they are the last owner.
    """
    member = _lock_member(member_id)
    if problem := roles.refuse_removal(by.role, member.role):
        raise Forbidden(problem)
    return _part_with(member, has_left=member.user_id == by.user_id)


@transaction.atomic
def leave_tenant(member_id: int) -> Member:
    """Let a member go by their own wish.

    Raises:
        NotFound: they are no member any more.
        Conflict: they are the last owner.
    """
    return _part_with(_lock_member(member_id), has_left=True)


@transaction.atomic
def hand_over(member_id: int, *, by: Member) -> Member:
    """Make another member the owner in the place of ``by``, who becomes an admin.

    Raises:
        NotFound: the tenant has no such member.
        Forbidden: who asks is no owner.
        Conflict: somebody cannot hand over to themselves.
    """
    heir, giver = _lock_member(member_id), _lock_member(by.pk)
    if giver.role != Role.OWNER:
        raise Forbidden("Only an owner can hand the shop over.")
    if heir.pk == giver.pk:
        raise Conflict("You are the owner already. Choose somebody else.")
    before = heir.role
    Member.objects.filter(pk=heir.pk).update(role=Role.OWNER)
    Member.objects.filter(pk=giver.pk).update(role=Role.ADMIN)
    _record(
        "tenant.handed_over",
        heir,
        before={"owner": giver.user.email, heir.user.email: before},
        after={"owner": heir.user.email, giver.user.email: Role.ADMIN.value},
    )
    heir.role = Role.OWNER
    return heir


@transaction.atomic
def add_member(user: User, role: str) -> Member:
    """Let a person into the active tenant; who is in already keeps the role they have."""
    tenant_id = current_tenant_id()
    member, is_new = Member.objects.get_or_create(
        tenant_id=tenant_id, user=user, defaults={"role": role}
    )
    if is_new:
        FormerMember.objects.filter(tenant_id=tenant_id, user=user).delete()
        audit.record(
            "member.joined",
            "member",
            member.pk,
            after={"email": user.email, "role": role},
            actor=user.email,
        )
    return member


@transaction.atomic
def require_two_step(*, is_required: bool) -> None:
    """Say whether every member of the active tenant must have two-step verification."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    before, tenant.requires_two_step = tenant.requires_two_step, is_required
    tenant.save(update_fields=["requires_two_step"])
    audit.record_change(
        "tenant.two_step_changed",
        "tenant",
        tenant.pk,
        before={"requires_two_step": before},
        after={"requires_two_step": is_required},
    )


def _part_with(member: Member, *, has_left: bool) -> Member:
    if member.role == Role.OWNER:
        _require_another_owner(member)
    FormerMember.objects.update_or_create(
        tenant_id=member.tenant_id,
        user_id=member.user_id,
        defaults={"has_left": has_left, "at": clock.now()},
    )
    action = "member.left" if has_left else "member.removed"
    _record(action, member, before={"email": member.user.email, "role": member.role})
    Member.objects.filter(pk=member.pk).delete()
    return member


def _lock_member(member_id: int) -> Member:
    """Lock the tenant, so that two owners cannot go at once, and return one of its members."""
    tenant_id = current_tenant_id()
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)
    found = Member.objects.select_related("user").filter(tenant_id=tenant_id, pk=member_id)
    member = found.first()
    if member is None:
        raise NotFound("This person is no member any more.")
    return member


def _require_another_owner(member: Member) -> None:
    owners = Member.objects.filter(tenant_id=member.tenant_id, role=Role.OWNER)
    if not owners.exclude(pk=member.pk).exists():
        raise Conflict(LAST_OWNER)


def _record(
    action: str,
    member: Member,
    *,
    before: dict[str, str],
    after: dict[str, str] | None = None,
) -> None:
    named = {"email": member.user.email}
    audit.record(
        action,
        "member",
        member.pk,
        before={**named, **before},
        after=None if after is None else {**named, **after},
    )
