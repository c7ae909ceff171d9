"""What the messages of the library say, before anything is installed."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.library.base import LibraryFlow, Mail, Message, Text
from flows.queries.library import preview_graph, preview_names
from flows.queries.node_words import Names
from flows.queries.pages import describe_rules
from flows.services.library import draft_of
from messaging.errors import TemplateInvalid
from messaging.services.authoring import Draft
from messaging.services.checking import compile_draft
from messaging.services.library import library_templates
from messaging.services.sizing import Shown, describe_text
from messaging.services.trying import explain, in_scheme, try_template


@dataclass(frozen=True, slots=True)
class LookOf:
    """How a message reads for a made-up reader.

    Attributes:
        html: of an e-mail; empty of others.
        shown: of a short message; None of an e-mail.
        problem: why it cannot be shown; empty where it can.
    """

    subject: str = ""
    preheader: str = ""
    html: str = ""
    shown: Shown | None = None
    problem: str = ""


def look_at_library(flow: LibraryFlow) -> tuple[Sequence[tuple[str, str]], dict[str, LookOf]]:
    """Return the rules of a flow as label and words, and how its messages read, by key."""
    segments, coupons = preview_names(flow)
    graph = preview_graph(flow)
    templates = {said.key: said.name for said in flow.messages}
    names = Names(graph, segments, templates, {}, {}, coupons)
    return describe_rules(graph, names)[1], {said.key: _look(said) for said in flow.messages}


def look_at_message(flow: LibraryFlow, key: str, scheme: str) -> LookOf | None:
    """Return how a message reads in ``light`` or ``dark``; None where none has the key."""
    found = next((said for said in flow.messages if said.key == key), None)
    return None if found is None else _look(found, scheme)


def _look(said: Message, scheme: str = "light") -> LookOf:
    if isinstance(said, Text):
        return LookOf(shown=describe_text(said.channel, said.body, said.content))
    draft = _draft(said)
    try:
        compiled, _ = compile_draft(draft)
    except TemplateInvalid as exc:
        return LookOf(draft.subject, problem=explain(exc))
    tried = try_template(compiled)
    if tried.rendered is None:
        return LookOf(draft.subject, problem=tried.problem)
    return LookOf(tried.rendered.subject, draft.preheader, in_scheme(tried.rendered, scheme).html)


def _draft(said: Message) -> Draft:
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
