"""Reads of merchants, members and keys, for which no scope is needed, and of background jobs."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from allauth.mfa.models import Authenticator
from django.db.models import Case, F, When
from django.urls import NoReverseMatch, reverse

from kernel.scope import current_tenant_id
from kernel.secrets import hash_key
from tenants.choices import JobStatus, KeyKind, Role, TenantStatus
from tenants.domain.settings_pages import pages_for
from tenants.models import ApiKey, FormerMember, Invitation, Job, Member, Tenant, User


class SettingsLink(NamedTuple):
    """One line of the list of settings."""

    group: str
    label: str
    url: str
    icon: str
    lies_elsewhere: bool
    active: bool


def list_settings_links(slug: str, role: str, *, here: str = "") -> list[SettingsLink]:
    """Return the settings that a role may see, in order; pages without an address are left out.

    Args:
        slug: of the tenant.
        role: of the member who looks.
        here: path of the page that is open; it and those below it mark their line.
    """
    links = []
    for page in pages_for(role):
        try:
            url = reverse(page.url_name, args=[slug])
        except NoReverseMatch:
            continue
        others = [reverse(page.with_url_name, args=[slug])] if page.with_url_name else []
        is_here = here.startswith((url, *others)) and not page.lies_elsewhere
        links.append(
            SettingsLink(page.group, page.label, url, page.icon, page.lies_elsewhere, is_here)
        )
    return links


def find_membership(*, user_id: int, slug: str) -> Member | None:
    """Return a person's membership of the tenant with a slug, tenant loaded; else None."""
    return (
        Member.objects.select_related("tenant").filter(user_id=user_id, tenant__slug=slug).first()
    )


def list_memberships(user_id: int) -> list[Member]:
    """Return a person's memberships by name of the tenant, tenants loaded."""
    found = Member.objects.select_related("tenant").filter(user_id=user_id)
    return list(found.order_by("tenant__name"))


def find_api_key(secret: str) -> ApiKey | None:
    """Return the live key of an active tenant, tenant loaded; None if unknown or revoked."""
    return (
        ApiKey.objects.select_related("tenant")
        .filter(key_hash=hash_key(secret), revoked_at=None, tenant__status=TenantStatus.ACTIVE)
        .first()
    )


def find_write_key(secret: str) -> ApiKey | None:
    """Return a live key of tracking; None if unknown or revoked.

    A tenant that is suspended, or could still be restored, goes on receiving, as its webhooks do.
    """
    found = ApiKey.objects.filter(
        key_hash=hash_key(secret), kind=KeyKind.WRITE, revoked_at=None
    ).exclude(tenant__status=TenantStatus.PURGING)
    return found.first()


def list_write_keys() -> list[ApiKey]:
    """Return the live keys of tracking of the active tenant, oldest first."""
    found = ApiKey.objects.filter(
        tenant_id=current_tenant_id(), kind=KeyKind.WRITE, revoked_at=None
    )
    return list(found.order_by("pk"))


def is_key_of_suspended(secret: str) -> bool:
    """Return whether a key is live but its tenant is not."""
    found = ApiKey.objects.filter(key_hash=hash_key(secret), revoked_at=None)
    return found.exclude(tenant__status=TenantStatus.ACTIVE).exists()


def find_suspended(tenant_ids: Collection[int]) -> set[int]:
    """Return those of some tenants that may not work: suspended, or on their way out."""
    found = Tenant.objects.filter(pk__in=tenant_ids).exclude(status=TenantStatus.ACTIVE)
    return set(found.values_list("pk", flat=True))


def list_keys(tenant_id: int) -> list[ApiKey]:
    """Return the keys of a tenant: live ones first, newest first, maker loaded."""
    found = ApiKey.objects.filter(tenant_id=tenant_id).select_related("created_by")
    return list(found.order_by(F("revoked_at").desc(nulls_first=True), "-pk"))


def find_key(tenant_id: int, key_id: int) -> ApiKey | None:
    """Return one key of a tenant, or None."""
    return ApiKey.objects.filter(tenant_id=tenant_id, pk=key_id).first()


def list_owner_emails(tenant_id: int) -> list[str]:
    """Return the addresses of a tenant's owners, in order."""
    found = Member.objects.filter(tenant_id=tenant_id, role=Role.OWNER)
    return list(found.order_by("user__email").values_list("user__email", flat=True))


def list_members(tenant_id: int) -> list[Member]:
    """Return the members of a tenant by e-mail address, people loaded."""
    found = Member.objects.filter(tenant_id=tenant_id).select_related("user")
    return list(found.order_by("user__email"))


def list_tenant_ids(slug: str = "") -> list[int]:
    """Return the ids of all active tenants, or of the one with a slug, oldest first."""
    found = Tenant.objects.filter(status=TenantStatus.ACTIVE)
    if slug:
        found = found.filter(slug=slug)
    return list(found.order_by("pk").values_list("pk", flat=True))


def get_tenant(tenant_id: int) -> Tenant:
    """Return one tenant.

    Raises:
        Tenant.DoesNotExist: no tenant has this id.
    """
    return Tenant.objects.get(pk=tenant_id)


def find_tenant(slug: str) -> Tenant | None:
    """Return the tenant with a slug, or None."""
    return Tenant.objects.filter(slug=slug).first()


JOBS_SHOWN = 50


def find_job(job_id: int) -> Job | None:
    """Return one background job of the active tenant, or None."""
    return Job.objects.filter(pk=job_id).first()


def say_time_left(job: Job, now: datetime) -> str:
    """Say how long the rest takes at the pace so far; empty while nobody can tell."""
    done = job.done - job.started_from
    if job.status != JobStatus.RUNNING or not job.total or not job.started_at or done <= 0:
        return ""
    left = (now - job.started_at) * (max(0, job.total - job.done) / done)
    if left < timedelta(minutes=1):
        return "less than a minute left"
    minutes = round(left / timedelta(minutes=1))
    return f"about {minutes} minute{'' if minutes == 1 else 's'} left"


def find_jobs(job_ids: Iterable[int]) -> dict[int, Job]:
    """Return background jobs of the active tenant by id; those that do not exist left out."""
    return Job.objects.in_bulk(list(job_ids))


def find_latest_job(kind: str) -> Job | None:
    """Return the newest background job of a kind of the active tenant, or None."""
    return Job.objects.filter(kind=kind).order_by("-pk").first()


def find_undoing(job_id: int) -> Job | None:
    """Return the job that takes the changes of another one back, or None."""
    return Job.objects.filter(undoes_id=job_id).first()


def list_jobs() -> list[Job]:
    """Return the latest jobs of the active tenant, newest first."""
    return list(Job.objects.order_by("-pk")[:JOBS_SHOWN])


def list_running_jobs(kinds: Collection[str], actor: str) -> list[Job]:
    """Return what a member has under way of some kinds, oldest first."""
    waiting = [JobStatus.QUEUED, JobStatus.RUNNING]
    found = Job.objects.filter(status__in=waiting, kind__in=kinds, actor=actor)
    return list(found.order_by("pk"))


def find_member(tenant_id: int, member_id: int) -> Member | None:
    """Return one member of a tenant, or None."""
    return Member.objects.filter(tenant_id=tenant_id, pk=member_id).first()


def find_former_membership(*, user_id: int, slug: str) -> FormerMember | None:
    """Return how a person ceased to be a member of a tenant, tenant loaded; else None."""
    found = FormerMember.objects.select_related("tenant")
    return found.filter(user_id=user_id, tenant__slug=slug).first()


def has_two_step(user_id: int) -> bool:
    """Say whether a person proves with more than a password that it is them."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=user_id, type__in=kinds).exists())


def list_with_two_step(user_ids: Iterable[int]) -> set[int]:
    """Return those of some people who have two-step verification."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    found = Authenticator.objects.filter(user_id__in=list(user_ids), type__in=kinds)
    return set(found.values_list("user_id", flat=True))


def find_invitation(token: str) -> Invitation | None:
    """Return the invitation whose link holds a token, tenant and inviter loaded; else None."""
    found = Invitation.objects.select_related("tenant", "invited_by")
    return found.filter(token_hash=hash_key(token)).first()


def list_open_invitations(tenant_id: int) -> list[Invitation]:
    """Return the invitations of a tenant that nobody took or took back, newest first."""
    found = Invitation.objects.filter(tenant_id=tenant_id, accepted_at=None, revoked_at=None)
    return list(found.select_related("invited_by").order_by("-sent_at", "-pk"))


def find_person(email: str) -> User | None:
    """Return the person with an address, or None."""
    return User.objects.filter(email=email.strip().lower()).first()


def owns_a_tenant(user_id: int) -> bool:
    """Say whether a person is the owner of any tenant."""
    return Member.objects.filter(user_id=user_id, role=Role.OWNER).exists()


def list_names_of_admins(tenant_id: int) -> list[str]:
    """Return the addresses of those who can invite, owners first; a handful at most."""
    found = Member.objects.filter(tenant_id=tenant_id, role__in=[Role.OWNER, Role.ADMIN])
    rows = found.order_by(Case(When(role=Role.OWNER, then=0), default=1), "user__email")
    return list(rows.values_list("user__email", flat=True)[:5])


def find_tenant_name(tenant_id: int) -> str:
    """Return the name of a tenant; empty when there is none any more."""
    return Tenant.objects.filter(pk=tenant_id).values_list("name", flat=True).first() or ""
