"""Text that strangers type: markup, names of 200 characters, other scripts, no place to break."""

from django.apps import apps
from django.db import transaction

from tenants.models import Tenant

MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:7 }}"
ENDLESS = "Ñ" + "wolfeschlegelstein" * 11 + "۞"
"""200 characters and no blank."""
MIXED = "شهرزاد بنت السلطان 👩🏽‍🚀 עברית " + "מילה ארוכה מאוד " * 10

FREE_TEXT: dict[str, tuple[str, ...]] = {
    "crm.Store": ("name",),
    "crm.Profile": ("first_name", "last_name", "region", "city", "postcode"),
    "crm.ConsentEvent": ("method", "detail", "user_agent", "source_url", "actor"),
    "crm.Event": ("name",),
    "crm.Product": ("title", "category", "brand", "handle", "url", "image_url", "status"),
    "crm.Variant": ("sku", "title"),
    "crm.ImportRun": ("filename", "detail"),
    "crm.Note": ("author", "text"),
    "crm.Order": ("number", "email", "phone", "financial_status", "channel", "city"),
    "crm.OrderLine": ("sku", "title", "category"),
    "crm.Refund": ("note",),
    "crm.Shipment": ("status", "carrier", "tracking_number", "tracking_url"),
    "crm.Tag": ("name",),
    "crm.SavedView": ("name",),
    "stores.InboxDelivery": ("topic", "reason", "order_external_id"),
    "imports.Import": ("filename", "actor"),
    "imports.ImportRow": ("reason",),
    "messaging.ChannelAccount": ("name", "paused_reason"),
    "messaging.Sender": ("name", "postal_address"),
    "messaging.Brand": ("postal_address", "website"),
    "messaging.Template": ("name", "subject", "preheader"),
    "messaging.SignUpForm": ("name", "title", "text", "button", "consent_text", "success_title"),
    "messaging.Submission": ("source", "source_url"),
    "messaging.Message": ("detail", "address", "subject"),
    "messaging.Touch": ("url", "user_agent"),
    "segments.Segment": ("name", "description"),
    "loyalty.Program": ("name",),
    "loyalty.PointsEntry": ("actor", "note"),
    "flows.Flow": ("name", "description"),
    "flows.RunStep": ("result",),
    "tenants.AuditEntry": ("actor", "object_id"),
    "tenants.Job": ("actor", "error", "result_name"),
}
"""Columns that hold words of people and shops, by model; not those whose values are ours."""


@transaction.atomic
def spoil(tenant: Tenant, text: str) -> None:
    """Write a text into every column of the tenant that people or shops fill.

    Args:
        tenant: its scope is open.
        text: up to 200 characters; numbered where values must differ.
    """
    for label, names in FREE_TEXT.items():
        model = apps.get_model(label)
        for number, pk in enumerate(model._default_manager.values_list("pk", flat=True)):
            values = dict.fromkeys(names, f"{text[:190]} {number}" if number else text)
            model._default_manager.filter(pk=pk).update(**values)
    Tenant.objects.filter(pk=tenant.pk).update(name=text)
