"""What the messages of the library say, before anything is installed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.library.base import LibraryFlow, Mail, Message, Standing, Text
from flows.queries.library import preview_graph, preview_names
from flows.queries.node_words import Names
from flows.queries.pages import describe_rules
from flows.services.library import draft_of
from messaging.domain.rendering import EmailTemplate
from messaging.errors import RenderError, TemplateInvalid
from messaging.services.authoring import Draft
from messaging.services.checking import compile_draft
from messaging.services.library import library_templates
from messaging.services.sizing import Shown, describe_text
from messaging.services.trying import explain, in_scheme, made_up_reader, values_for


@dataclass(frozen=True, slots=True)
class LookOf:
    """How a message reads for a made-up reader.

    Attributes:
        html: of an e-mail; empty of others.
        shown: of a short message; None of an e-mail.
        problem: why it cannot be shown; empty where it can.
    """

    subject: str = ""
    html: str = ""
    shown: Shown | None = None
    problem: str = ""


def look_at_library(flow: LibraryFlow) -> tuple[Sequence[tuple[str, str]], dict[str, LookOf]]:
    """Return the rules of a flow as label and words, and how its messages read, by key."""
    segments, coupons = preview_names(flow)
    graph = preview_graph(flow)
    templates = {said.key: said.name for said in flow.messages}
    names = Names(graph, segments, templates, {}, {}, coupons)
    return describe_rules(graph, names)[1], _look(flow.messages)


def look_at_message(flow: LibraryFlow, key: str, scheme: str) -> LookOf | None:
    """Return how a message reads in ``light`` or ``dark``; None where none has the key."""
    found = [said for said in flow.messages if said.key == key]
    return _look(found, scheme)[key] if found else None


def _look(messages: Sequence[Message], scheme: str = "light") -> dict[str, LookOf]:
    """Return how messages read for one made-up reader, whose values are asked for once."""
    drafts = {said.key: _draft(said) for said in messages if not isinstance(said, Text)}
    compiled = {key: _compile(draft) for key, draft in drafts.items()}
    ready = {key: each for key, each in compiled.items() if isinstance(each, EmailTemplate)}
    asked = {name for template in ready.values() for name in template.variables}
    values = values_for(asked, made_up_reader()) if asked else {}
    return {
        said.key: _look_at_text(said)
        if isinstance(said, Text)
        else _render(drafts[said.key], compiled[said.key], values, scheme)
        for said in messages
    }


def _look_at_text(said: Text) -> LookOf:
    return LookOf(shown=describe_text(said.channel, said.body, said.content))


def _compile(draft: Draft) -> EmailTemplate | str:
    """Return an e-mail ready to render, or why it cannot be shown."""
    try:
        return compile_draft(draft)[0]
    except TemplateInvalid as exc:
        return explain(exc)


def _render(
    draft: Draft, compiled: EmailTemplate | str, values: Mapping[str, Any], scheme: str
) -> LookOf:
    if isinstance(compiled, str):
        return LookOf(draft.subject, problem=compiled)
    try:
        rendered = compiled.render(values)
    except RenderError as exc:
        return LookOf(draft.subject, problem=str(exc))
    return LookOf(rendered.subject, in_scheme(rendered, scheme).html)


def _draft(said: Mail | Standing) -> Draft:
    if isinstance(said, Mail):
        return draft_of(said)
    [data] = [each for each in library_templates() if each.key == said.key]
    return Draft(
        name=data.name,
        channel=said.channel,
        message_class=data.message_class,
        subject=data.subject,
        preheader=data.preheader,
        mjml=data.mjml,
        text=data.text,
    )
