"""The merchant's brand as mails and pages show it."""

from django.conf import settings
from django.urls import reverse

from kernel.tenancy import current_tenant_id
from messaging.domain.colours import NIGHT, WHITE, readable_on, text_on
from messaging.domain.fonts import stack_of
from messaging.gates import once
from messaging.models import Brand
from messaging.queries.own import own_tenant
from messaging.types import BrandLook

LOGO_WIDTH, LOGO_HEIGHT = 200, 48
"""The box that a logo is shown in, pixels."""
NETWORKS = {
    "instagram": "Instagram",
    "facebook": "Facebook",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "pinterest": "Pinterest",
}
"""Social networks, in the order in which they are listed."""


def find_brand() -> Brand:
    """Return the brand of the active tenant; one that says nothing yet where none was saved."""
    return Brand.objects.first() or Brand()


def look_of_brand() -> BrandLook:
    """Return how the active tenant looks; read once for a batch of messages."""
    return once("brand", lambda: describe_look(find_brand()))


def describe_look(brand: Brand) -> BrandLook:
    """Return how a brand of the active tenant looks, saved or not."""
    tenant_id = current_tenant_id()
    link_dark = readable_on(NIGHT, brand.accent)
    scale = min(1.0, LOGO_WIDTH / max(brand.logo_width, 1), LOGO_HEIGHT / max(brand.logo_height, 1))
    path = reverse("brand_picture", args=[tenant_id, brand.logo_name]) if brand.logo_name else ""
    return BrandLook(
        name=own_tenant().name,
        accent=brand.accent,
        on_accent=text_on(brand.accent),
        font=stack_of(brand.font),
        link=readable_on(WHITE, brand.accent),
        link_dark=link_dark,
        on_link_dark=text_on(link_dark),
        logo_url=f"{settings.PUBLIC_URL}{path}" if path else "",
        logo_width=round(brand.logo_width * scale),
        logo_height=round(brand.logo_height * scale),
        postal_address=brand.postal_address,
        support_email=brand.support_email,
        website=brand.website,
        links=[
            {"name": words, "url": brand.links[name]}
            for name, words in NETWORKS.items()
            if brand.links.get(name)
        ],
    )
