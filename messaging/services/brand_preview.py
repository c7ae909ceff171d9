"""A mail in a brand, written to somebody made up, for the page on which the brand is set."""

import functools
from dataclasses import asdict

from messaging.domain.rendering import EmailTemplate, compile_template
from messaging.services.library import WIN_BACK, library_templates
from messaging.services.templates import compile_mjml
from messaging.types import BrandLook


def render_preview(look: BrandLook) -> str:
    """Return the HTML of a marketing mail of the library as one reader would see it."""
    return (
        _template()
        .render(
            {
                "brand": asdict(look),
                "person": {"first_name": "Ada", "name": "Ada Byron"},
                "store": {"name": look.name, "url": look.website or "https://shop.example"},
                "sender": {
                    "name": look.name,
                    "email": look.support_email or "hello@shop.example",
                    "postal_address": look.postal_address,
                },
                "unsubscribe_url": "about:blank",
                "preferences_url": "about:blank",
            }
        )
        .html
    )


@functools.cache
def _template() -> EmailTemplate:
    [data] = [found for found in library_templates() if found.key == WIN_BACK]
    return compile_template(
        subject=data.subject,
        preheader=data.preheader,
        html=compile_mjml(data.mjml),
        text=data.text,
    )
