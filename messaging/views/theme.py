"""The colours of a brand on pages of ours that its customers see."""

from django.http import HttpResponse

from messaging.types import BrandLook


def write_theme(look: BrandLook, kept: str) -> HttpResponse:
    """Return the brand's colours as a style sheet.

    Args:
        look: of the merchant.
        kept: who may keep it, and for how long, as `Cache-Control` says it.
    """
    colours = (
        f":root{{--accent:light-dark({look.link},{look.link_dark});"
        f"--accent-strong:{look.accent};--accent-stronger:{look.accent};"
        f"--on-accent:{look.on_accent}}}"
    )
    return HttpResponse(colours, content_type="text/css", headers={"Cache-Control": kept})
