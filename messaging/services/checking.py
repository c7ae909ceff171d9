"""What a template must be before it is stored: compilable, with known variables and a way out.

A mistake that is certain for everybody is refused here, with the part that holds it; what is wrong
for some readers alone is found by `messaging.services.reviewing`.
"""

import json
from collections.abc import Callable, Mapping, Set
from typing import Any, Protocol

from crm.choices import Channel
from messaging.choices import URGENT, WHATSAPP_CATEGORIES
from messaging.domain.blocks import find_blocks, find_coupon
from messaging.domain.plain_text import read_text
from messaging.domain.reference import find_unknown_paths
from messaging.domain.rendering import EmailTemplate, compile_template
from messaging.domain.showing import Condition
from messaging.errors import TemplateInvalid
from messaging.queries.senders import list_sender_choices
from messaging.queries.showing import SEGMENT, find_fault, list_conditions
from messaging.services.gating import MARKETING
from messaging.services.templates import compile_mjml
from messaging.variables import known_variables

MAX_SOURCE = 400_000
"""Most characters of one part."""
_FIELDS = {
    Channel.WHATSAPP.value: ("name", "language", "category"),
    Channel.PUSH.value: ("title",),
}
"""What the content of a channel must say."""
_WORKED_OUT = frozenset({"locales", "segments"})
"""What of the content is read off the template, whatever is sent; of an e-mail its coupon too."""
_WORDS = {
    "name": "Name the template that Meta approved.",
    "language": "Say its language, such as en_GB.",
    "category": "Say its category.",
    "title": "Give it a title.",
    "text": "Say something.",
    "subject": "Give it a subject.",
}


class Parts(Protocol):
    """What is looked at of a draft."""

    @property
    def channel(self) -> str: ...
    @property
    def message_class(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def preheader(self) -> str: ...
    @property
    def mjml(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def content(self) -> Mapping[str, Any]: ...


def check_draft(draft: Parts) -> dict[str, Any]:
    """Return the parts of a draft as they are stored.

    Raises:
        TemplateInvalid: ``fields`` names every part that cannot be.
    """
    too_long = {
        name: f"is longer than {MAX_SOURCE:,} characters"
        for name in ("subject", "preheader", "mjml", "text")
        if len(getattr(draft, name)) > MAX_SOURCE
    }
    if too_long:
        raise TemplateInvalid("The template is too long.", fields=too_long)
    wrong = {
        name: words
        for name, (is_fine, words) in _SHAPES.items()
        if name in draft.content and not is_fine(draft.content[name])
    }
    if wrong:
        raise TemplateInvalid("Its content cannot be read.", fields=wrong)
    if draft.channel == Channel.EMAIL:
        return _check_email(draft)
    return _check_short(draft)


def _is_text(said: Any) -> bool:
    return isinstance(said, str)


def _is_category(said: Any) -> bool:
    return isinstance(said, str) and said.lower() in {"", *WHATSAPP_CATEGORIES}


def _is_list(said: Any) -> bool:
    return isinstance(said, list) and all(map(_is_text, said))


def _is_id(said: Any) -> bool:
    return type(said) is int and said > 0


def _is_utm(said: Any) -> bool:
    return said is False or (isinstance(said, Mapping) and all(map(_is_text, said.values())))


_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("title", "url", "image", "name", "language"), (_is_text, "is no text")),
    "category": (_is_category, f"is none of {', '.join(WHATSAPP_CATEGORIES)}"),
    **dict.fromkeys(("variables", "buttons"), (_is_list, "is no list of texts")),
    "coupon": (_is_id, "is no id of a coupon"),
    "utm": (_is_utm, "is neither false nor texts by parameter"),
}
"""What each part of the content is, and what it is called where it is something else."""


def _given(content: Mapping[str, Any], *, but: Set[str]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in but}


def compile_draft(draft: Parts) -> tuple[EmailTemplate, dict[str, Any]]:
    """Return an e-mail ready to render and its parts, without asking whether it may be stored.

    Raises:
        TemplateInvalid: a part cannot be compiled; ``fields`` names it.
    """
    html = compile_mjml(draft.mjml)
    text = draft.text if draft.text.strip() else read_text(html)
    coupon_id = find_coupon(find_blocks(draft.mjml))
    content = _given(draft.content, but=_WORKED_OUT | {"coupon"})
    parts = {
        "subject": draft.subject,
        "preheader": draft.preheader,
        "mjml": draft.mjml,
        "html": html,
        "text": text,
        "content": content
        | {"has_own_text": bool(draft.text.strip())}
        | ({"coupon": coupon_id} if coupon_id else {}),
    }
    try:
        compiled = compile_template(
            subject=draft.subject,
            preheader=draft.preheader,
            html=html,
            text=text,
            must_arrive=draft.message_class in URGENT,
        )
    except TemplateInvalid as exc:
        if "text" not in exc.fields or draft.text.strip():
            raise
        words = "it could not be read off this mail; write it yourself"
        raise TemplateInvalid(f"text: {words}", fields={"text": words}) from exc
    return compiled, parts


def check_variables(template: EmailTemplate, *, has_own_text: bool = True) -> None:
    """Refuse variables that nobody knows, by name and by what is inside them.

    Args:
        template: compiled.
        has_own_text: False for a text that was read off the mail, which holds the same mistakes.

    Raises:
        TemplateInvalid: ``fields`` names the parts that hold them.
    """
    problems: dict[str, str] = {}
    for field, names in template.asked.items():
        unknown = sorted(set(names) - known_variables() - {"preheader", "subject"})
        inside = [path for name in sorted(names) for path in find_unknown_paths(name, names[name])]
        if (unknown or inside) and (has_own_text or field != "text"):
            problems[field] = f"nobody knows the variable {', '.join([*unknown, *inside])}"
    if problems:
        raise TemplateInvalid(next(iter(problems.values())), fields=problems)


def check_conditions(template: EmailTemplate, *, has_own_text: bool = True) -> list[int]:
    """Refuse conditions that are none, or ask for what does not exist.

    Args:
        template: compiled.
        has_own_text: as `check_variables` takes it.

    Returns:
        The segments that are asked for, ascending.

    Raises:
        TemplateInvalid: ``fields`` names the parts that hold them.
    """
    found: list[Condition] = []
    problems: dict[str, str] = {}
    for field, asked in template.asked.items():
        if field == "text" and not has_own_text:
            continue
        try:
            conditions = list_conditions(asked)
            fault = find_fault(conditions) if conditions else ""
        except ValueError as exc:
            fault, conditions = str(exc), []
        if fault:
            problems[field] = fault
        found += conditions
    if problems:
        raise TemplateInvalid(next(iter(problems.values())), fields=problems)
    return sorted({int(value) for each in found if each.trait == SEGMENT for value in each.values})


def _check_email(draft: Parts) -> dict[str, Any]:
    if not draft.subject.strip():
        raise TemplateInvalid("subject: is empty", fields={"subject": _WORDS["subject"]})
    named = draft.content.get("sender")
    if named is not None and not _is_sender(named):
        words = "is none that mails can leave from"
        raise TemplateInvalid(f"sender: {words}", fields={"sender": words})
    compiled, parts = compile_draft(draft)
    has_own_text = bool(draft.text.strip())
    check_variables(compiled, has_own_text=has_own_text)
    segments = check_conditions(compiled, has_own_text=has_own_text)
    if segments:
        parts["content"]["segments"] = segments
    if draft.message_class in MARKETING and "unsubscribe_url" not in compiled.variables:
        words = "marketing needs a way out: add the footer, or a link to {{ unsubscribe_url }}"
        raise TemplateInvalid(f"mjml: {words}", fields={"mjml": words})
    return parts


def _is_sender(named: Any) -> bool:
    return type(named) is int and named in dict(list_sender_choices())


def _check_short(draft: Parts) -> dict[str, Any]:
    needed = _FIELDS.get(draft.channel, ())
    fields = {name: _WORDS[name] for name in needed if not str(draft.content.get(name, "")).strip()}
    if draft.channel != Channel.WHATSAPP and not draft.text.strip():
        fields["text"] = _WORDS["text"]
    if fields:
        raise TemplateInvalid("The template is not complete.", fields=fields)
    compiled = compile_short(draft.text, draft.content)
    check_variables(compiled)
    segments = check_conditions(compiled)
    content = _given(draft.content, but=_WORKED_OUT)
    return {
        "subject": draft.subject,
        "preheader": "",
        "mjml": "",
        "html": "",
        "text": draft.text,
        "content": json.loads(json.dumps(content | ({"segments": segments} if segments else {}))),
    }


def compile_short(
    text: str, content: Mapping[str, Any], *, must_arrive: bool = False
) -> EmailTemplate:
    """Return a text message ready to render: title as subject, its other Liquid as preheader.

    Args:
        text: Liquid.
        content: of the channel.
        must_arrive: whether it is written to somebody who lacks a value that it shows, too.

    Raises:
        TemplateInvalid: a part cannot be compiled.
    """
    others = [content.get("url", ""), content.get("image", "")]
    for name in ("variables", "buttons"):  # what was stored long ago may be anything
        inside = content.get(name)
        others += inside if isinstance(inside, list) else []
    title = str(content.get("title", "")).strip() or "-"
    return compile_template(
        subject=title,
        preheader="\n".join(map(str, others)),
        html="",
        text=text,
        must_arrive=must_arrive,
    )
