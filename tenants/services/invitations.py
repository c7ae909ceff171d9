"""Invitations: a link by mail that makes somebody a member, once, within seven days."""

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.scope import current_tenant_id
from kernel.secrets import hash_key, new_token
from tenants.choices import Role
from tenants.domain import roles
from tenants.models import Invitation, Member, Tenant, User
from tenants.services import audit
from tenants.services.members import add_member
from tenants.services.people import create_person
from tenants.types import NewInvitation

LASTS = timedelta(days=7)
MAX_OPEN = 200
"""Open invitations of one tenant; more is a mistake or abuse of our mail server."""


@transaction.atomic
def create_invitation(email: str, role: str, *, by: Member) -> NewInvitation:
    """Invite an address into the active tenant; the token in the answer is not kept.

    An address that has an open invitation gets a new link and the new role on the same one.

    Raises:
        Invalid: no e-mail address, or no role.
        Forbidden: who asks may not make an owner.
        Conflict: they are a member already, or too many invitations are open.
    """
    address = email.strip().lower()
    _check(address, role, by)
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    if Member.objects.filter(tenant=tenant, user__email=address).exists():
        text = f"{address} is a member already."
        raise Conflict(text, fields={"email": text})
    open_ones = Invitation.objects.filter(tenant=tenant, accepted_at=None, revoked_at=None)
    if waiting := open_ones.filter(email=address).first():
        return _renew(waiting, role=role, by=by)
    if open_ones.count() >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} invitations are open. Revoke some that are not needed.")
    now, token = clock.now(), new_token()
    invitation = Invitation.objects.create(
        tenant=tenant,
        email=address,
        role=role,
        token_hash=hash_key(token),
        invited_by=by.user,
        created_at=now,
        sent_at=now,
        expires_at=now + LASTS,
    )
    audit.record("invitation.sent", "invitation", invitation.pk, after=_describe(invitation))
    return NewInvitation(invitation=invitation, token=token)


@transaction.atomic
def resend_invitation(invitation_id: int, *, by: Member) -> NewInvitation:
    """Make a new link for an open invitation, which lasts seven days; the old one is worthless.

    Raises:
        NotFound: the tenant has no such open invitation.
        Forbidden: it makes an owner, and who asks may not.
    """
    invitation = _lock_open(invitation_id)
    if problem := roles.refuse_role_change(by.role, "", invitation.role):
        raise Forbidden(problem)
    return _renew(invitation, role=invitation.role, by=by)


@transaction.atomic
def revoke_invitation(invitation_id: int) -> Invitation:
    """Make the link of an open invitation worthless.

    Raises:
        NotFound: the tenant has no such open invitation.
    """
    invitation = _lock_open(invitation_id)
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    audit.record("invitation.revoked", "invitation", invitation.pk, before=_describe(invitation))
    return invitation


@transaction.atomic
def accept_invitation(invitation_id: int, user: User) -> Member:
    """Make the invited person a member of the active tenant, once.

    Raises:
        NotFound: the invitation is used, revoked or too old.
        Forbidden: it is for another address.
    """
    invitation = _lock_open(invitation_id)
    if invitation.expires_at <= clock.now():
        raise NotFound("This invitation is too old.")
    if user.email.lower() != invitation.email:
        raise Forbidden(f"This invitation is for {invitation.email}.")
    invitation.accepted_at = clock.now()
    invitation.save(update_fields=["accepted_at"])
    return add_member(user, invitation.role)


@transaction.atomic
def accept_as_newcomer(invitation_id: int, *, name: str, password: str) -> Member:
    """Create the invited person, whose address the link has proved, and make them a member.

    Raises:
        NotFound: the invitation is used, revoked or too old.
        Invalid: the password is too weak; ``fields`` says why.
        Conflict: somebody has the address already, and logs in instead.
    """
    invitation = _lock_open(invitation_id)
    if User.objects.filter(email=invitation.email).exists():
        raise Conflict("This address has an account already. Log in to accept.")
    try:
        validate_password(password, User(email=invitation.email, name=name))
    except ValidationError as exc:
        text = " ".join(exc.messages)
        raise Invalid(text, fields={"password": text}) from exc
    user = create_person(invitation.email, password, name=name.strip())
    return accept_invitation(invitation_id, user)


def _check(address: str, role: str, by: Member) -> None:
    try:
        validate_email(address)
    except ValidationError as exc:
        text = "Write an email address such as ada@example.com."
        raise Invalid(text, fields={"email": text}) from exc
    if role not in Role.values:
        raise Invalid("Choose a role.", fields={"role": "Choose a role."})
    if problem := roles.refuse_role_change(by.role, "", role):
        raise Forbidden(problem, fields={"role": problem})


def _renew(invitation: Invitation, *, role: str, by: Member) -> NewInvitation:
    before, now, token = _describe(invitation), clock.now(), new_token()
    invitation.role = role
    invitation.token_hash = hash_key(token)
    invitation.invited_by = by.user
    invitation.sent_at = now
    invitation.expires_at = now + LASTS
    invitation.save(update_fields=["role", "token_hash", "invited_by", "sent_at", "expires_at"])
    audit.record(
        "invitation.resent",
        "invitation",
        invitation.pk,
        before=before,
        after=_describe(invitation),
    )
    return NewInvitation(invitation=invitation, token=token)


def _lock_open(invitation_id: int) -> Invitation:
    found = Invitation.objects.select_for_update(no_key=True, of=("self",)).filter(
        tenant_id=current_tenant_id(), pk=invitation_id, accepted_at=None, revoked_at=None
    )
    invitation = found.first()
    if invitation is None:
        raise NotFound("This invitation was used or revoked.")
    return invitation


def _describe(invitation: Invitation) -> dict[str, str]:
    return {
        "email": invitation.email,
        "role": invitation.role,
        "expires_at": invitation.expires_at.isoformat(),
    }
