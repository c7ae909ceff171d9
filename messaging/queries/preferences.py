"""What people want of marketing, for the gate and for the page on which they say it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from crm.choices import Channel, ConsentState
from crm.domain.channels import CHANNEL_LABELS
from crm.domain.digests import mask_address
from crm.queries.person import ConsentLine, list_consent
from kernel.arrays import array
from kernel.formats import find_zone
from kernel.sql import run_sql
from messaging.choices import Frequency, MessageClass, MessageStatus
from messaging.models import Message, Template, Topic
from messaging.queries.recipients import Subscription, find_subscription
from messaging.queries.sending import find_recipients
from messaging.types import RecipientToken

SHOWN = 30
"""Newest messages and statements that the page of a recipient shows; the copy has all of them."""
_WHY = {
    MessageClass.PROMOTIONAL: "because you said yes to news and offers",
    MessageClass.BEHAVIOURAL: "because of what you looked at, and you said yes to news and offers",
    MessageClass.TRANSACTIONAL: "because of your order",
    MessageClass.SAFETY: "because it concerns your safety",
    MessageClass.SERVICE: "because you asked for it",
}

_HOW = {
    "one_click": "with the button of your mail program",
    "mail_reply": "by mail",
    "unsubscribe_page": "on the page of an email",
    "preference_page": "on this page",
    "import": "as the shop noted it elsewhere",
    "manual": "as you told the shop",
    "double_opt_in": "with the link that was sent to you",
    "api": "on a page of the shop",
    "shopify": "in the shop",
    "woocommerce": "in the shop",
    "bigcommerce": "in the shop",
    "magento": "in the shop",
    "merge": "when two records of you became one",
    "keyword": "with a message from your phone",
    "provider": "with your phone company or app",
}
"""How somebody said it, in words for themselves."""
STOPPABLE = {
    **{name: CHANNEL_LABELS[name] for name in (Channel.SMS.value, Channel.WHATSAPP.value)},
    Channel.PUSH.value: "Push messages",
}
"""Channels that can be stopped on the preference page; only they themselves can say yes again."""


class Wish(NamedTuple):
    """What one person wants, who does not want all of it.

    Attributes:
        frequency: a `Frequency` word.
        refused_topics: their ids.
        paused_until: aware; None where there is no pause.
    """

    frequency: str
    refused_topics: list[int]
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic and the templates that are of it."""

    topic: Topic
    templates: list[Template]


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """One topic and whether the recipient gets it."""

    topic: Topic
    is_on: bool


@dataclass(frozen=True, slots=True)
class SentLine:
    """One message that was sent, and why."""

    at: datetime
    title: str
    why: str
    topic: str


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One statement of permission with its proof; addresses of devices are shown in part."""

    line: ConsentLine
    topic: str
    channel: str
    how: str
    ip: str


@dataclass(frozen=True, slots=True)
class OtherChannel:
    """A channel besides e-mail on which the recipient gets marketing.

    Attributes:
        address: masked number; empty where there is none to show.
    """

    channel: str
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class PreferencePage:
    """Everything that a recipient sees of what they get.

    Attributes:
        others: channels besides e-mail that are on, and can be stopped here.
        paused_on: day of the merchant on which their pause ends; None where there is none.
        has_more: whether there are older messages or statements than those shown.
    """

    subscription: Subscription
    others: list[OtherChannel]
    topics: list[TopicChoice]
    frequency: str
    paused_on: date | None
    statements: list[StatementLine]
    sent: list[SentLine]
    has_more: bool


def find_wishes(profile_ids: Collection[int]) -> dict[int, Wish]:
    """Return what some people want, by profile; those who want all of it are left out."""
    rows = run_sql("messaging.find_wishes", profile_ids=array(profile_ids))
    return {row.profile_id: Wish(*row[1:]) for row in rows}


def describe_wishes(profile_id: int) -> dict[str, Any]:
    """Return what somebody wants, for the copy of their data."""
    wish = find_wishes([profile_id]).get(profile_id)
    refused = set(wish.refused_topics) if wish else set()
    return {
        "frequency": wish.frequency if wish else Frequency.ALL.value,
        "paused_until": wish.paused_until if wish else None,
        "refused_topics": [topic.name for topic in list_topics() if topic.pk in refused],
    }


def find_topics_of(template_ids: Collection[int]) -> dict[int, Topic]:
    """Return the topics of templates that have one, by template."""
    rows = Template.objects.filter(pk__in=template_ids, topic__isnull=False)
    return {row.pk: row.topic for row in rows.select_related("topic") if row.topic is not None}


def list_topics() -> list[Topic]:
    """Return the topics of the tenant, oldest first."""
    return list(Topic.objects.order_by("pk"))


def list_topic_rows() -> list[TopicRow]:
    """Return the topics with their templates, oldest first; two statements."""
    of_topic: dict[int, list[Template]] = {}
    for template in Template.objects.filter(topic__isnull=False).order_by("name"):
        of_topic.setdefault(template.topic_id or 0, []).append(template)
    return [TopicRow(topic, of_topic.get(topic.pk, [])) for topic in list_topics()]


def find_topic(topic_id: int) -> TopicRow | None:
    """Return a topic with its templates, or None."""
    return next((row for row in list_topic_rows() if row.topic.pk == topic_id), None)


def list_marketing_templates() -> list[Template]:
    """Return the templates that a topic can have, by name."""
    classes = [MessageClass.PROMOTIONAL, MessageClass.BEHAVIOURAL]
    return list(Template.objects.filter(message_class__in=classes).order_by("name", "pk"))


def find_preferences(token: RecipientToken, now: datetime) -> PreferencePage | None:
    """Return what the recipient of a token gets; None if nobody is known any more."""
    subscription = find_subscription(token)
    if subscription is None:
        return None
    profile_id = subscription.profile_id
    wish = find_wishes([profile_id]).get(profile_id)
    refused = set(wish.refused_topics) if wish else set()
    until = wish.paused_until if wish else None
    zone = find_zone(subscription.timezone)
    statements = [] if subscription.is_erased else list_consent(profile_id)
    sent = [] if subscription.is_erased else _list_sent(profile_id)
    return PreferencePage(
        subscription=subscription,
        others=_others(profile_id),
        topics=[TopicChoice(topic, topic.pk not in refused) for topic in list_topics()],
        frequency=wish.frequency if wish else Frequency.ALL.value,
        paused_on=until.astimezone(zone).date() if until and until > now else None,
        statements=_statements(statements[:SHOWN]),
        sent=sent[:SHOWN],
        has_more=len(statements) > SHOWN or len(sent) > SHOWN,
    )


def _others(profile_id: int) -> list[OtherChannel]:
    found = find_recipients([profile_id]).get(profile_id)
    if found is None or found.is_erased:
        return []
    return [
        OtherChannel(channel, label, mask_address(found.address(channel)))
        for channel, label in STOPPABLE.items()
        if found.consent(channel) == ConsentState.SUBSCRIBED
    ]


def _statements(lines: list[ConsentLine]) -> list[StatementLine]:
    return [
        StatementLine(
            line=line,
            topic=line.statement.topic,
            channel=STOPPABLE.get(line.statement.channel, line.statement.channel),
            how=_HOW.get(line.statement.method, line.statement.method.replace("_", " ")),
            ip=_mask_ip(line.statement.ip),
        )
        for line in lines
    ]


def _mask_ip(ip: str | None) -> str:
    """Return the network of an address: the page opens for everybody who holds the link."""
    if not ip:
        return ""
    sign = ":" if ":" in ip else "."
    return sign.join(ip.split(sign)[:2]) + f"{sign}…"


def _list_sent(profile_id: int) -> list[SentLine]:
    rows = (
        Message.objects.filter(profile_id=profile_id, status=MessageStatus.SENT)
        .exclude(context__has_key="test")
        .select_related("template__topic")
        .order_by("-pk")[: SHOWN + 1]
    )
    return [
        SentLine(
            at=row.sent_at or row.created_at,
            title=row.subject or row.template.name,
            why=_WHY[MessageClass(row.message_class)],
            topic=row.template.topic.name if row.template.topic else "",
        )
        for row in rows
    ]
