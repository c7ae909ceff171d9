"""The merchant's own domain for what recipients follow."""

from django.db import models

from kernel.tenancy import TenantModel


class LinkDomain(TenantModel):
    """Where links, pixels and the pages of recipients lead, once it is seen to lead here."""

    domain = models.TextField()
    """In lower case and ASCII."""
    is_live = models.BooleanField(default=False)
    """Whether it answered as it should when it was last asked: only then are links written so."""
    was_live = models.BooleanField(default=False)
    """Whether it ever did: then mails are out whose links lead through it."""
    findings = models.JSONField(default=dict)
    """By step (``owner``, ``alias``, ``answer``): state, words, and the state known last."""
    checked_at = models.DateTimeField(null=True)
    check_due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    """Since when no new link leads through it; those that are out still do, for a while."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(retired_at=None),
                name="linkdomain_tenant_uniq",
            ),
            models.UniqueConstraint(fields=["tenant", "domain"], name="linkdomain_domain_uniq"),
        ]
        indexes = [models.Index(fields=["tenant", "check_due_at"], name="linkdomain_due_idx")]

    def __str__(self) -> str:
        return self.domain
