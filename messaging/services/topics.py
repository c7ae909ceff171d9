"""Topics: what people can choose within marketing, and which templates are of which."""

from collections.abc import Collection

from django.db import transaction

from kernel.errors import Conflict, Invalid, NotFound
from messaging.models import Template, Topic
from messaging.services.gating import MARKETING
from tenants.services import audit

MOST = 20
"""More than these nobody reads through."""


@transaction.atomic
def add_topic(name: str, description: str, template_ids: Collection[int], *, actor: str) -> Topic:
    """Add a topic, which everybody who gets marketing gets until they refuse it.

    Args:
        name: what people read; unique.
        description: one sentence for people; may be empty.
        template_ids: templates of marketing that belong to it; each is of one topic.
        actor: e-mail address of the member.

    Raises:
        Invalid: no name, or one that is taken.
        Conflict: there are `MOST` already.
    """
    if Topic.objects.count() >= MOST:
        raise Conflict(f"There are {MOST} topics already. Remove one first.")
    topic = Topic.objects.create(name=_check_name(name), description=description.strip())
    _assign(topic, template_ids)
    audit.record("topic.added", "topic", topic.pk, after=_said(topic), actor=actor)
    return topic


@transaction.atomic
def update_topic(
    topic_id: int, name: str, description: str, template_ids: Collection[int], *, actor: str
) -> bool:
    """Change a topic; what people chose stays.

    Returns:
        False when nothing was different.

    Raises:
        NotFound: the tenant has no such topic.
        Invalid: no name, or one that is taken.
    """
    topic = _lock(topic_id)
    before = _said(topic)
    topic.name = _check_name(name, topic.pk)
    topic.description = description.strip()
    topic.save(update_fields=["name", "description"])
    _assign(topic, template_ids)
    after = _said(topic)
    if before == after:
        return False
    audit.record("topic.changed", "topic", topic.pk, before=before, after=after, actor=actor)
    return True


@transaction.atomic
def remove_topic(topic_id: int, *, actor: str) -> str:
    """Remove a topic and return its name; its templates go to everybody who gets marketing.

    Raises:
        NotFound: the tenant has no such topic.
    """
    topic = _lock(topic_id)
    before = _said(topic)
    Template.objects.filter(topic_id=topic.pk).update(topic=None)
    topic.delete()
    audit.record("topic.removed", "topic", topic_id, before=before, actor=actor)
    return topic.name


def _assign(topic: Topic, template_ids: Collection[int]) -> None:
    """Let exactly these templates be of a topic; what is not marketing is left out."""
    Template.objects.filter(topic_id=topic.pk).exclude(pk__in=template_ids).update(topic=None)
    wanted = Template.objects.filter(pk__in=template_ids, message_class__in=MARKETING)
    wanted.update(topic=topic)


def _said(topic: Topic) -> dict[str, object]:
    templates = Template.objects.filter(topic_id=topic.pk).order_by("key")
    return {
        "name": topic.name,
        "description": topic.description,
        "templates": list(templates.values_list("key", flat=True)),
    }


def _check_name(name: str, topic_id: int | None = None) -> str:
    found = " ".join(name.split())
    if not found:
        raise Invalid("Name the topic.", fields={"name": "Name the topic."})
    others = Topic.objects.filter(name__iexact=found)
    if any(other.pk != topic_id for other in others):
        text = "There is a topic of this name."
        raise Invalid(text, fields={"name": text})
    return found


def _lock(topic_id: int) -> Topic:
    topic = Topic.objects.select_for_update(no_key=True).filter(pk=topic_id).first()
    if topic is None:
        raise NotFound("This topic does not exist.")
    return topic
