"""Subjects as a list of templates shows them."""

from messaging.domain.reference import sample_values
from messaging.domain.rendering import compile_parts
from messaging.errors import RenderError, TemplateInvalid


def show_subject(subject: str, shop: str) -> str:
    """Return what a subject says to a made-up reader; as it is written where it cannot be read.

    Args:
        subject: Liquid.
        shop: name of the merchant.
    """
    values = sample_values()
    for name in ("store", "brand"):
        values[name] = {**values[name], "name": shop}
    try:
        return compile_parts((("subject", subject),)).render(values)["subject"] or subject
    except (RenderError, TemplateInvalid):
        return subject
