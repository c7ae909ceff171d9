"""A stored template as one reader sees it, on whatever channel."""

from dataclasses import replace

from crm.choices import Channel
from messaging.domain.rendering import compile_template
from messaging.errors import TemplateInvalid
from messaging.models import Template
from messaging.services.checking import compile_short
from messaging.services.trying import Tried, explain, find_reader, in_scheme, try_template


def preview_template(
    template: Template, profile_id: int | None = None, *, scheme: str = ""
) -> Tried:
    """Render a template for somebody, or for a made-up reader.

    Args:
        template: in one of its languages.
        profile_id: of the tenant; None is the made-up reader.
        scheme: ``light`` or ``dark`` shows a mail so; empty leaves that to the browser.

    Returns:
        What it says, or why it cannot be shown: also a template that no longer compiles.
    """
    try:
        tried = _try(template, profile_id)
    except TemplateInvalid as exc:
        return Tried(find_reader(profile_id), None, explain(exc))
    if tried.rendered is None or not scheme:
        return tried
    return replace(tried, rendered=in_scheme(tried.rendered, scheme))


def _try(template: Template, profile_id: int | None) -> Tried:
    if template.channel != Channel.EMAIL:
        return try_template(compile_short(template.text, template.content), profile_id)
    compiled = compile_template(
        subject=template.subject,
        preheader=template.preheader,
        html=template.html,
        text=template.text,
    )
    return try_template(compiled, profile_id)
