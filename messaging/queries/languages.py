"""Which words of a template somebody gets: those of their language, else the template's own."""

from collections.abc import Mapping, Sequence
from copy import copy

from messaging.models import Template, TemplateVariant
from messaging.types import PendingMessage

PARTS = ("subject", "preheader", "mjml", "html", "text", "content")
Key = tuple[int, str]
"""Template, and the locale of its variant; an empty one is the template itself."""


def key_of(message: PendingMessage, template: Template | None) -> Key:
    """Return which words a message takes."""
    locales = template.content.get("locales", []) if template is not None else []
    return message.template_id, choose_locale(locales, message.profile.locale) if locales else ""


def find_words(
    messages: Sequence[PendingMessage], templates: Mapping[int, Template]
) -> tuple[dict[int, Key], dict[Key, Template]]:
    """Return the words that each message takes, and the templates that say them.

    One statement more, and only where a template has languages.
    """
    keys = {each.id: key_of(each, templates.get(each.template_id)) for each in messages}
    found: dict[Key, Template] = {(key, ""): row for key, row in templates.items()}
    wanted = {key for key in keys.values() if key[1]}
    if not wanted:
        return keys, found
    rows = TemplateVariant.objects.filter(
        template_id__in={key for key, _ in wanted}, locale__in={locale for _, locale in wanted}
    )
    for row in rows:
        found[row.template_id, row.locale] = speak(templates[row.template_id], row)
    return {
        message_id: key if key in found else (key[0], "") for message_id, key in keys.items()
    }, found


def speak(template: Template, variant: TemplateVariant) -> Template:
    """Return a template that says the words of one of its languages; not to be saved."""
    said = copy(template)
    for part in PARTS:
        setattr(said, part, getattr(variant, part))
    return said


def choose_locale(locales: Sequence[str], own: str) -> str:
    """Return which of some locales somebody gets: theirs, else their language; empty for none.

    Args:
        locales: such as ``de-AT`` or ``de``.
        own: theirs, which may be written ``de_AT``, ``de-at`` or ``de``.
    """
    language, _, region = own.replace("_", "-").partition("-")
    wanted = (f"{language.lower()}-{region.upper()}" if region else "", language.lower())
    return next((locale for locale in wanted if locale and locale in locales), "")
