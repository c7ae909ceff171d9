"""What a template says in other languages."""

from django.db import models

from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.models.content import Template


class TemplateVariant(TenantModel):
    """A template in one language; name, class, tags and topic are those of the template."""

    template = TenantForeignKey(Template, on_delete=models.CASCADE, related_name="variants")
    locale = models.TextField()
    """A language such as ``de``, or one of a country such as ``de-AT``."""
    subject = models.TextField()
    preheader = models.TextField(default="", blank=True)
    mjml = models.TextField()
    html = models.TextField()
    text = models.TextField()
    content = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "template", "locale"], name="templatevariant_locale_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.template_id} {self.locale}"
