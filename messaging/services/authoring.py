"""Templates as members make them: created, changed, copied, put away, deleted, in languages.

`messaging.services.templates` compiles and stores; this module says who may overwrite what, gives
each new template its key, and writes what was done to the audit trail.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from crm.choices import Channel
from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound, Outdated
from messaging.choices import MessageClass
from messaging.models import Message, Template, TemplateVariant, Topic
from messaging.panels import list_template_users
from messaging.services.checking import check_draft
from messaging.services.gating import MARKETING
from tenants.services import audit

MAX_NAME = 120
MAX_TAG = 40
MAX_TAGS = 10
MOST_VARIANTS = 30
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_PARTS = ("subject", "preheader", "mjml", "html", "text", "content")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a template says and is, before it is stored.

    Attributes:
        channel: a `crm.choices.Channel` word.
        message_class: a `MessageClass` word.
        subject, preheader, text: Liquid; an empty text of an e-mail is read off its MJML.
        mjml: MJML with Liquid and blocks; of e-mails alone.
        content: of the channel, such as title and url of a push.
        topic_id: of marketing alone.
    """

    name: str
    channel: str
    message_class: str
    subject: str = ""
    preheader: str = ""
    mjml: str = ""
    text: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    topic_id: int | None = None


@transaction.atomic
def create_template(draft: Draft, *, key: str = "", actor: str = "") -> Template:
    """Create a template; flows and campaigns can name it from then on.

    Args:
        draft: all of it.
        key: wanted, with a number where it is taken; empty makes one of the name.
        actor: e-mail address of the member.

    Raises:
        Invalid: a name, tag or topic that cannot be.
        TemplateInvalid: a part that cannot be compiled; ``fields`` names it.
    """
    values = _values(draft)
    word = _new_key(key or draft.name)
    template = Template.objects.create(key=word, channel=draft.channel, **values)
    audit.record("template.created", "template", template.pk, after=_said(template), actor=actor)
    return template


@transaction.atomic
def update_template(template_id: int, draft: Draft, *, version: str = "", actor: str = "") -> bool:
    """Change a template; messages that are rendered from now on say the new.

    Args:
        template_id: of the tenant.
        draft: all of it; its channel is left as it is.
        version: what the caller looks at, as `version_of` says it; empty takes what there is.
        actor: e-mail address of the member.

    Returns:
        False when nothing was different.

    Raises:
        NotFound: no such template.
        Outdated: somebody saved in between; nothing is changed.
        Invalid, TemplateInvalid: likewise as `create_template`.
    """
    template = _lock(template_id)
    if version and version != version_of(template):
        raise Outdated("Somebody changed this template after it was read. Read it again.")
    values = _values(replace(draft, channel=template.channel))
    if locales := template.content.get("locales"):
        values["content"] = values["content"] | {"locales": locales}
    changed = {name: value for name, value in values.items() if getattr(template, name) != value}
    if not changed:
        return False
    before = _said(template)
    Template.objects.filter(pk=template_id).update(
        **changed, version=F("version") + 1, updated_at=clock.now()
    )
    template.refresh_from_db()
    audit.record(
        "template.changed",
        "template",
        template_id,
        before=before,
        after=_said(template) | {"parts": sorted(changed)},
        actor=actor,
    )
    return True


@transaction.atomic
def duplicate_template(template_id: int, *, actor: str = "") -> Template:
    """Copy a template with its languages under a name of its own.

    Raises:
        NotFound: no such template.
    """
    source = _lock(template_id)
    name = f"{source.name[: MAX_NAME - 7]}, copy"
    parts = {part: getattr(source, part) for part in _PARTS}
    copy = Template.objects.create(
        key=_new_key(name),
        name=name,
        channel=source.channel,
        message_class=source.message_class,
        topic_id=source.topic_id,
        tags=source.tags,
        **parts,
    )
    variants = TemplateVariant.objects.filter(template=source)
    TemplateVariant.objects.bulk_create(
        TemplateVariant(
            template=copy, locale=row.locale, **{part: getattr(row, part) for part in _PARTS}
        )
        for row in variants
    )
    after = _said(copy) | {"copied_from": source.pk}
    audit.record("template.created", "template", copy.pk, after=after, actor=actor)
    return copy


@transaction.atomic
def archive_template(template_id: int, *, is_archived: bool, actor: str = "") -> bool:
    """Put a template out of sight, or bring it back.

    Returns:
        False when it was so already.

    Raises:
        NotFound: no such template.
        Conflict: something still sends it.
    """
    template = _lock(template_id)
    if template.is_archived == is_archived:
        return False
    if is_archived:
        _refuse_used(template)
    Template.objects.filter(pk=template_id).update(is_archived=is_archived, updated_at=clock.now())
    action = "template.archived" if is_archived else "template.unarchived"
    audit.record(action, "template", template_id, after={"name": template.name}, actor=actor)
    return True


@transaction.atomic
def delete_template(template_id: int, *, actor: str = "") -> str:
    """Delete a template that nothing uses and nothing was sent from, and return its name.

    Raises:
        NotFound: no such template.
        Conflict: something uses it, or messages were made from it: archive it then.
    """
    template = _lock(template_id)
    _refuse_used(template)
    if Message.objects.filter(template_id=template_id).exists():
        raise Conflict("Messages were made from this template, so it is kept. Archive it instead.")
    before = _said(template)
    template.delete()
    audit.record("template.deleted", "template", template_id, before=before, actor=actor)
    return template.name


@transaction.atomic
def save_variant(template_id: int, locale: str, draft: Draft, *, actor: str = "") -> bool:
    """Say a template in another language; people whose language it is get it from now on.

    Args:
        template_id: of the tenant.
        locale: such as ``de`` or ``de-AT``.
        draft: its parts; name, class, tags and topic stay those of the template.
        actor: e-mail address of the member.

    Returns:
        False when nothing was different.

    Raises:
        NotFound: no such template.
        Invalid: not a language, or too many of them.
        TemplateInvalid: a part that cannot be compiled; ``fields`` names it.
    """
    template = _lock(template_id)
    if not _LOCALE.fullmatch(locale):
        raise Invalid("This is no language.", fields={"locale": "Write it like de or de-AT."})
    checked = replace(
        draft, channel=template.channel, message_class=template.message_class, name=template.name
    )
    parts = check_draft(checked)
    found = TemplateVariant.objects.filter(template=template, locale=locale).first()
    if found is not None and all(getattr(found, name) == value for name, value in parts.items()):
        return False
    if found is None and TemplateVariant.objects.filter(template=template).count() >= MOST_VARIANTS:
        raise Invalid(f"There are {MOST_VARIANTS} languages already.")
    TemplateVariant.objects.update_or_create(template=template, locale=locale, defaults=parts)
    _note_languages(template)
    after = {"name": template.name, "locale": locale}
    audit.record("template.language_saved", "template", template_id, after=after, actor=actor)
    return True


@transaction.atomic
def remove_variant(template_id: int, locale: str, *, actor: str = "") -> None:
    """Remove a language; its people get the template itself again.

    Raises:
        NotFound: no such template, or no such language of it.
    """
    template = _lock(template_id)
    removed, _ = TemplateVariant.objects.filter(template=template, locale=locale).delete()
    if not removed:
        raise NotFound("This template does not exist in this language.")
    _note_languages(template)
    before = {"name": template.name, "locale": locale}
    audit.record("template.language_removed", "template", template_id, before=before, actor=actor)


def version_of(template: Template) -> str:
    """Return what stands for what a template says now; it changes with every change."""
    return f"{template.version}-{template.updated_at.timestamp():.6f}"


def own_text(template: Template) -> str:
    """Return the text that somebody wrote; empty where it is read off the mail."""
    is_own = template.channel != Channel.EMAIL or template.content.get("has_own_text", True)
    return template.text if is_own else ""


def draft_from(template: Template) -> Draft:
    """Return what a template says as its author wrote it."""
    return Draft(
        name=template.name,
        channel=template.channel,
        message_class=template.message_class,
        subject=template.subject,
        preheader=template.preheader,
        mjml=template.mjml,
        text=own_text(template),
        content=template.content,
        tags=tuple(template.tags),
        topic_id=template.topic_id,
    )


def clean_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a text that has commas between them, ascending, each once."""
    tags = {tag[:MAX_TAG].lower() for word in text.split(",") if (tag := " ".join(word.split()))}
    return tuple(sorted(tags)[:MAX_TAGS])


def _values(draft: Draft) -> dict[str, Any]:
    name = " ".join(draft.name.split())
    fields = {}
    if not name or len(name) > MAX_NAME:
        fields["name"] = f"Give it a name of up to {MAX_NAME} characters."
    if draft.channel not in Channel.values:
        fields["channel"] = "There is no such channel."
    if draft.message_class not in MessageClass.values:
        fields["message_class"] = "There is no such class."
    if draft.topic_id is not None:
        if draft.message_class not in MARKETING:
            fields["topic"] = "Only marketing has a topic."
        elif not Topic.objects.filter(pk=draft.topic_id).exists():
            fields["topic"] = "There is no such topic."
    if fields:
        raise Invalid(" ".join(fields.values()), fields=fields)
    return {
        "name": name,
        "message_class": draft.message_class,
        "topic_id": draft.topic_id,
        "tags": list(draft.tags),
        **check_draft(draft),
    }


def _new_key(name: str) -> str:
    """Return a word of its own for a new template, made of its name, or of the key it wants."""
    base = slugify(name)[:60].replace("-", "_") or "template"
    taken = set(Template.objects.filter(key__startswith=base).values_list("key", flat=True))
    return next(
        key for number in range(len(taken) + 1) if (key := _numbered(base, number)) not in taken
    )


def _numbered(base: str, number: int) -> str:
    return f"{base}_{number + 1}" if number else base


def _refuse_used(template: Template) -> None:
    users = list_template_users([template.key]).get(template.key, ())
    if users:
        names = ", ".join(user.name for user in users)
        raise Conflict(f"It is used by {names}. Let that use another template first.")


def _note_languages(template: Template) -> None:
    """Keep which languages there are with the template, so that sending need not look."""
    variants = TemplateVariant.objects.filter(template=template).order_by("locale")
    locales = list(variants.values_list("locale", flat=True))
    content = {name: value for name, value in template.content.items() if name != "locales"}
    Template.objects.filter(pk=template.pk).update(
        content=content | ({"locales": locales} if locales else {}),
        version=F("version") + 1,
        updated_at=clock.now(),
    )


def _said(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "class": template.message_class,
        "topic": template.topic_id,
        "tags": template.tags,
        "subject": template.subject,
        "version": template.version,
    }


def _lock(template_id: int) -> Template:
    found = Template.objects.select_for_update(no_key=True).filter(pk=template_id).first()
    if found is None:
        raise NotFound("This template does not exist.")
    return found
