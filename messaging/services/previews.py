"""A stored template as one reader sees it, on whatever channel."""

from dataclasses import replace

from crm.choices import Channel
from messaging.choices import URGENT
from messaging.domain.links import track_links
from messaging.domain.rendering import EmailTemplate, compile_template
from messaging.errors import TemplateInvalid
from messaging.models import Template
from messaging.queries.showing import Judged, judge, list_conditions, reader_values
from messaging.queries.utm import Tagger
from messaging.services.checking import compile_short
from messaging.services.trying import (
    Tried,
    explain,
    find_reader,
    in_scheme,
    pending_for,
    try_template,
)
from messaging.types import Recipient


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


def judge_parts(template: Template, reader: Recipient) -> list[Judged]:
    """Return the conditions by which parts of a template are shown, with what they are for one.

    Args:
        template: in one of its languages.
        reader: whom it is previewed for.
    """
    try:
        asked = _compile(template).asked.values()
        found = dict.fromkeys(each for part in asked for each in list_conditions(part))
    except (TemplateInvalid, ValueError):  # the preview says what is wrong
        return []
    if not found:
        return []
    message = pending_for(reader, None)
    return judge(list(found), reader_values([message])[message.id])


def _try(template: Template, profile_id: int | None) -> Tried:
    tried = try_template(_compile(template), profile_id)
    return _tag(template, tried) if template.channel == Channel.EMAIL else tried


def _compile(template: Template) -> EmailTemplate:
    must_arrive = template.message_class in URGENT
    if template.channel != Channel.EMAIL:
        return compile_short(template.text, template.content, must_arrive=must_arrive)
    return compile_template(
        subject=template.subject,
        preheader=template.preheader,
        html=template.html,
        text=template.text,
        must_arrive=must_arrive,
    )


def _tag(template: Template, tried: Tried) -> Tried:
    """Return a mail whose links say what they would in a mail that nothing but a person sends."""
    if tried.rendered is None:
        return tried
    message = pending_for(tried.reader, None)._replace(
        template_id=template.pk or 0, message_class=template.message_class
    )
    tagger = Tagger()
    tagger.begin([message])
    tag = tagger.tag(message)
    html = track_links(tried.rendered.html, untracked=frozenset(), track=tag)
    return replace(tried, rendered=replace(tried.rendered, html=html))
