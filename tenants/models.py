"""Merchants, the people who sign in, and what proves who calls.

User, Tenant, Member, FormerMember, Invitation, ApiKey and AccessToken are reference tables: they
are read before a scope is known. IdempotencyKey, AuditEntry and Job belong to one tenant.
"""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from kernel.tenancy import TenantForeignKey, TenantModel
from tenants.choices import JobStatus, KeyKind, Role, TenantStatus, TokenKind, WeekStart


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create one person; the address is kept in lower case."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in; a member of any number of tenants."""

    email = models.EmailField(unique=True)
    name = models.TextField(default="", blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.email


class Tenant(models.Model):
    """A merchant's account. Small, rarely written: hot counters never live here."""

    name = models.TextField()
    slug = models.SlugField(unique=True, max_length=60)
    currency = models.CharField(max_length=3)
    timezone = models.TextField(default="UTC")
    country = models.CharField(max_length=2, default="", blank=True)
    week_start = models.SmallIntegerField(choices=WeekStart.choices, default=WeekStart.MONDAY)
    """ISO day on which reports by the week begin."""
    status = models.TextField(choices=TenantStatus.choices, default=TenantStatus.ACTIVE)
    status_at = models.DateTimeField(null=True)
    """When it was suspended or asked to be deleted; None while it was neither."""
    purge_at = models.DateTimeField(null=True)
    """When everything it owns is removed for good; None unless it is being deleted."""
    is_demo = models.BooleanField(default=False)
    requires_two_step = models.BooleanField(default=False)
    """Whether members without two-step verification are led to set it up first."""
    holdout = models.SmallIntegerField(default=0, db_default=0)
    """Per cent of everybody who get nothing of flows and campaigns, drawn once for ever."""
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person's role in one tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="members")
    role = models.TextField(choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="member_tenant_user_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} as {self.role}"


class FormerMember(models.Model):
    """Somebody who was a member, so that the pages they still have open can say what happened."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    has_left = models.BooleanField()
    """Whether they left by themselves; else somebody removed them."""
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="formermember_tenant_user_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} until {self.at:%Y-%m-%d}"


class Invitation(models.Model):
    """An e-mail address that may become a member by a link; only the hash of its token is kept.

    Sending it again makes a new token and a new end; the old link is worthless from then on.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.TextField(choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_tenant_email_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"


class ApiKey(models.Model):
    """A key of the REST API (``sk_``, only its hash is kept) or of tracking (``wk_``, public)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_keys")
    name = models.TextField()
    kind = models.TextField(choices=KeyKind.choices)
    key_hash = models.CharField(max_length=64, unique=True)
    hint = models.TextField()
    """What may be shown: the whole of a write key, first and last letters of a secret one."""
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"


class AccessToken(models.Model):
    """A token in a public address, found before its tenant is known."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="access_tokens")
    kind = models.TextField(choices=TokenKind.choices)
    token = models.CharField(max_length=64, unique=True)
    object_id = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} of {self.object_id}"


class IdempotencyKey(TenantModel):
    """The answer to a POST, kept for a day: a repeat of its ``Idempotency-Key`` gets it again."""

    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    """None while the first call runs; a second one then gets 409."""
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="idempotencykey_key_uniq")
        ]
        indexes = [models.Index(fields=["tenant", "created_at"], name="idempotencykey_at_idx")]

    def __str__(self) -> str:
        return self.key


class AuditEntry(TenantModel):
    """Who changed what, with before and after."""

    actor = models.TextField()
    """E-mail address of the member, ``key:<hint>`` or ``system``."""
    action = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField(default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-at", "-id"], name="auditentry_at_idx"),
            models.Index(fields=["tenant", "actor", "-at", "-id"], name="auditentry_actor_idx"),
            models.Index(fields=["tenant", "action", "-at", "-id"], name="auditentry_action_idx"),
            models.Index(
                fields=["tenant", "object_type", "-at", "-id"], name="auditentry_object_idx"
            ),
            models.Index(
                fields=["tenant", "actor", "object_type", "-at", "-id"],
                name="auditentry_actor_object_idx",
            ),
            models.Index(
                fields=["tenant", "actor", "action", "-at", "-id"],
                name="auditentry_actor_action_idx",
            ),
            models.Index(
                fields=["tenant", "object_id", "object_type", "-at", "-id"],
                name="auditentry_history_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"


class Job(TenantModel):
    """Long work that a member started: it goes on batch by batch while people watch it."""

    kind = models.TextField()
    """A key of the table that ``settings.JOB_KINDS`` names."""
    params = models.JSONField(default=dict)
    """What was asked for, JSON; changed only to name nobody who is erased."""
    status = models.TextField(choices=JobStatus.choices, default=JobStatus.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    """None while nobody has counted."""
    cursor = models.JSONField(null=True)
    """Where the next batch begins, as the job's service wrote it; None at the beginning."""
    actor = models.TextField()
    error = models.TextField(default="")
    result_name = models.TextField(default="")
    """What the file is called when it is downloaded; empty when the job makes none."""
    result_path = models.TextField(default="")
    """Below the media folder; empty before the first line and once the file was swept."""
    result_bytes = models.BigIntegerField(default=0)
    """How much of the file counts; what lies behind it was written by a batch that broke off."""
    undoes = TenantForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")
    """The job whose changes this one takes back."""
    created_at = models.DateTimeField()
    turned_at = models.DateTimeField()
    """When it last had a turn; the one that waited longest goes first."""
    started_at = models.DateTimeField(null=True)
    started_from = models.BigIntegerField(default=0)
    """What was done when it started, or started again: the time left is reckoned from there."""
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "undoes"], name="job_undoes_uniq"),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "turned_at"],
                condition=models.Q(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]),
                name="job_waiting_idx",
            ),
            models.Index(
                fields=["tenant", "expires_at"],
                condition=~models.Q(result_path=""),
                name="job_expiring_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.actor}"
