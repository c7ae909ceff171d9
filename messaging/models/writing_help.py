"""Where words are asked for while somebody writes a message."""

from django.db import models

from kernel.tenancy import TenantModel


class WritingHelp(TenantModel):
    """A provider of language models that the tenant chose; without a row there is none."""

    is_on = models.BooleanField(default=False)
    base_url = models.TextField()
    """Such as ``https://models.example/v1``; what stands behind it is the protocol's."""
    model = models.TextField()
    key_encrypted = models.TextField(default="")
    """Encrypted at rest (`kernel.secrets`); empty for a server that asks for none."""
    tone = models.TextField(default="")
    """How the brand speaks, in the merchant's words."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="writinghelp_tenant_uniq")]

    def __str__(self) -> str:
        return self.base_url
