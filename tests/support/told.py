"""Messages that left, and what providers tell of them, filed as the edge files it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from crm.models import Event, Profile
from kernel import clock
from kernel.batches import Deadline
from messaging.choices import MessageClass
from messaging.models import ChannelAccount, Message, ProviderCallback, Template
from messaging.services.callbacks import apply_callbacks
from tests.factories.messaging import make_recipient, make_template, queue_message

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1"
_keys = count(1)


def sent_message(over: ChannelAccount, **fields: Any) -> Message:
    """Return a message that left over an account a minute ago."""
    profile = fields.pop("profile", None) or make_recipient()
    message_class = fields.pop("message_class", MessageClass.PROMOTIONAL)
    key = f"note-{message_class}"
    template = Template.objects.filter(key=key).first() or make_template(key, message_class)
    message = queue_message(profile, template)
    at = NOON - timedelta(minutes=1)
    Message.objects.filter(pk=message.pk).update(
        **{
            "status": "sent",
            "sent_at": at,
            "claimed_at": at,
            "account": over,
            "provider_id": f"id-{message.pk}",
            "address": profile.email,
            **fields,
        }
    )
    message.refresh_from_db()
    return message


def tell(account: ChannelAccount, kind: str, message: Message | None, **said: Any) -> None:
    """File one thing that a provider told, as the edge does."""
    minutes = said.pop("minutes", 0)
    key = said.pop("key", f"key-{next(_keys)}")
    body = {
        "at": (NOON + timedelta(minutes=minutes)).isoformat(),
        "provider_id": message.provider_id if message else "",
        **said,
    }
    ProviderCallback.objects.create(
        account=account,
        dedupe_key=key,
        kind=kind,
        body=body,
        received_at=clock.now(),
        due_at=clock.now(),
    )


def apply() -> int:
    """Apply what is due; returns how much that was."""
    return apply_callbacks(Deadline(seconds=None))


def statuses() -> list[tuple[str, str]]:
    return list(ProviderCallback.objects.order_by("pk").values_list("status", "detail"))


def names(profile: Profile | int) -> list[str]:
    key = profile if isinstance(profile, int) else profile.pk
    found = Event.objects.filter(profile_id=key, name__startswith="Message ")
    return sorted(found.values_list("name", flat=True))
