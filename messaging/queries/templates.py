"""Templates as the pages of content show them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page
from messaging.domain.blocks import is_built
from messaging.domain.own_templates import find_occasion
from messaging.models import Message, Template, TemplateVariant, Topic
from messaging.panels import TemplateUser, list_template_users

PAGE_SIZE = 24
NEWEST = Sorting("t.updated_at", "t.id", "updated_at", is_time=True)
TAGS_FROM = 500
"""The tags on offer are those of so many templates."""

_FROM = "FROM messaging_template AS t"
_SELECT = f"""
SELECT t.id, t.key, t.name, t.channel, t.message_class, t.tags, t.subject, t.text, t.version,
    t.updated_at, t.is_archived, COALESCE(o.name, '') AS topic
{_FROM}
LEFT JOIN messaging_topic AS o ON o.tenant_id = %(tenant_id)s AND o.id = t.topic_id
"""


@dataclass(frozen=True, slots=True)
class WantedTemplates:
    """Which templates; an empty value does not narrow.

    Attributes:
        search: part of a name, in any case.
        state: ``archived`` for those that were put away; else the others.
    """

    search: str = ""
    channel: str = ""
    message_class: str = ""
    tag: str = ""
    state: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return self != WantedTemplates()


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One card of the list.

    Attributes:
        occasion: when Patron sends it by itself; empty where it never does.
    """

    id: int
    name: str
    channel: str
    message_class: str
    tags: list[str]
    topic: str
    subject: str
    text: str
    version: int
    updated_at: datetime
    is_archived: bool
    used_by: Sequence[TemplateUser]
    occasion: str


@dataclass(frozen=True, slots=True)
class TemplatePage:
    """One page of templates, last changed first; the marks lead to its neighbours."""

    rows: list[TemplateRow]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class TemplateDetail:
    """One template with what belongs to it.

    Attributes:
        is_built: made of blocks, so that the editor can show it without a loss.
        was_sent: messages were made from it.
        occasion: when Patron sends it by itself; empty where it never does.
    """

    template: Template
    variants: list[TemplateVariant]
    used_by: Sequence[TemplateUser]
    occasion: str
    is_built: bool
    was_sent: bool


def list_page(wanted: WantedTemplates, place: Place) -> TemplatePage:
    """Return a page of templates, last changed first."""
    conditions, params = _conditions(wanted)
    found = select_page(
        Statement(_SELECT, conditions, params), NEWEST, descending=True, place=place
    )
    users = list_template_users([row.key for row in found.rows])
    rows = [_row(row, users.get(row.key, ())) for row in found.rows]
    return TemplatePage(rows, found.next, found.previous)


def count_listed(wanted: WantedTemplates) -> int:
    """Return how many templates there are, at most the ceiling."""
    return count_up_to(_FROM, *_conditions(wanted))


def has_templates() -> bool:
    """Say whether the tenant has any template."""
    return has_any(Template.objects.all())


def list_tags() -> list[tuple[str, str]]:
    """Return the tags of the newest templates, by name."""
    found = Template.objects.exclude(tags=[]).order_by("-pk").values_list("tags", flat=True)
    tags = sorted({tag for tags in found[:TAGS_FROM] for tag in tags})
    return [(tag, tag) for tag in tags]


def find_tags_of(template_ids: Collection[int]) -> dict[int, list[str]]:
    """Return what some templates are about, by their id; a message tells it with its events."""
    return dict(Template.objects.filter(pk__in=template_ids).values_list("pk", "tags"))


def list_topics() -> list[tuple[int, str]]:
    """Return id and name of the topics, by name."""
    return list(Topic.objects.order_by("name").values_list("pk", "name"))


def find_template(template_id: int) -> Template | None:
    """Return a template, or None."""
    return Template.objects.select_related("topic").filter(pk=template_id).first()


def find_detail(template_id: int) -> TemplateDetail | None:
    """Return a template with its languages and users, or None."""
    template = find_template(template_id)
    if template is None:
        return None
    return TemplateDetail(
        template=template,
        variants=list_variants(template_id),
        used_by=list_template_users([template.key]).get(template.key, ()),
        occasion=find_occasion(template.key),
        is_built=is_built(template.mjml),
        was_sent=Message.objects.filter(template_id=template_id).exists(),
    )


def list_variants(template_id: int) -> list[TemplateVariant]:
    """Return the languages of a template, by locale."""
    return list(TemplateVariant.objects.filter(template_id=template_id).order_by("locale"))


def find_variant(template_id: int, locale: str) -> TemplateVariant | None:
    """Return one language of a template, or None."""
    return TemplateVariant.objects.filter(template_id=template_id, locale=locale).first()


def find_with_coupon(template_ids: Collection[int]) -> set[int]:
    """Return those of some templates that carry a coupon."""
    rows = Template.objects.filter(pk__in=set(template_ids), content__has_key="coupon")
    return set(rows.values_list("pk", flat=True))


def _conditions(wanted: WantedTemplates) -> tuple[list[str], dict[str, Any]]:
    choices: list[tuple[str, str, Any]] = [
        ("t.channel = %(channel)s", "channel", wanted.channel),
        ("t.message_class = %(message_class)s", "message_class", wanted.message_class),
        ("%(tag)s = ANY(t.tags)", "tag", wanted.tag),
        ("strpos(lower(t.name), %(search)s) > 0", "search", wanted.search.lower()),
    ]
    chosen = [item for item in choices if item[2]]
    parts = ["t.tenant_id = %(tenant_id)s", "t.is_archived = %(is_archived)s"]
    params: dict[str, Any] = {name: value for _, name, value in chosen}
    params["is_archived"] = wanted.state == "archived"
    return [*parts, *(part for part, _, _ in chosen)], params


def _row(row: Any, users: Sequence[TemplateUser]) -> TemplateRow:
    return TemplateRow(
        id=row.id,
        name=row.name,
        channel=row.channel,
        message_class=row.message_class,
        tags=list(row.tags),
        topic=row.topic,
        subject=row.subject,
        text=row.text,
        version=row.version,
        updated_at=row.updated_at,
        is_archived=row.is_archived,
        used_by=users,
        occasion=find_occasion(row.key),
    )


def speak_class(message_class: str) -> str:
    """Return what a class is called on pages."""
    return CLASS_WORDS.get(message_class, message_class)


CLASS_WORDS: Mapping[str, str] = {
    "promotional": "Promotional",
    "behavioural": "Behavioural",
    "transactional": "Transactional",
    "safety": "Safety",
    "service": "Service",
}
