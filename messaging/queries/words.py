"""What the timeline says of messages, and what each gate asks, for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm.domain.channels import CHANNEL_LABELS
from crm.models import Event
from crm.panels import EventWords
from messaging.choices import FailReason, ReasonClass, SkipReason
from messaging.domain.told import REASONS
from messaging.models import Message

EVENTS = (
    "Message Sent",
    "Message Delivered",
    "Message Opened",
    "Message Clicked",
    "Message Bounced",
    "Message Complained",
    "Message Unsubscribed",
)
GATES = {
    "stop": "Nobody on your team paused or cancelled it",
    "rate": "It is its turn: as many as may leave are on their way",
    "exit_condition": "No exit condition of the flow is met",
    "flow_filter": "Still matches the filter of the flow",
    "discount": "It is no mass discount to one of your best customers",
    "profile": "The person was not erased",
    "store": "The app is connected to the store",
    "address": "There is a valid address",
    "suppression": "The address is not suppressed",
    "consent": "There is consent on this channel",
    "preferences": "It is what the person wants, and as often",
    "sunset": "The person has not lost interest",
    "unhappy": "Nothing is unresolved with the person",
    "review": "The person was not asked for a review of this order before",
    "budget": "No other message is worth more of the person's attention",
    "smart_sending": "Nothing promotional was sent a short while ago",
    "frequency": "Fewer messages were sent than the rules allow",
    "quiet_hours": "It is no quiet time where the person is",
    "stock": "What it is about is in stock",
    "lateness": "The moment has not passed",
    "sender": "A sender is set up",
    "sender_dns": "DKIM and DMARC of the sender's domain are in place",
    "channel": "An account is set up for this channel",
    "warm_up": "The day’s share of the warm-up has room",
    "render": "The template could be rendered",
    "coupon": "There is a coupon code for the person",
}
"""What passing a gate means, in the words of the page."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reason not to send means for the merchant.

    Attributes:
        tone: ``good`` for a rule that did its work, ``warn`` for what somebody should look at,
            ``bad`` for what loses messages until somebody mends it.
    """

    tone: str
    title: str
    text: str

    @property
    def reason_class(self) -> ReasonClass:
        """Return whether it is healthy, worth a look or harmful."""
        return _CLASSES[self.tone]


_CLASSES = {"good": ReasonClass.HEALTHY, "warn": ReasonClass.LOOK, "bad": ReasonClass.HARMFUL}
_HEALTHY = "Healthy: a rule did its work"
_LOOK = "Worth a look"
_HARMFUL = "Harmful: this loses messages until it is mended"

JUDGEMENTS: dict[str, Judgement] = {
    SkipReason.HELD: Judgement(
        "warn",
        _LOOK,
        "It goes on once somebody resumes it, and ends when its moment has passed.",
    ),
    SkipReason.CANCELLED: Judgement(
        "good", _HEALTHY, "Somebody decided that it is not to be sent; who and when stands beside."
    ),
    SkipReason.EXIT_CONDITION: Judgement(
        "good", _HEALTHY, "The person did what the flow was for, so the message had lost its point."
    ),
    SkipReason.FLOW_FILTER: Judgement(
        "good", _HEALTHY, "The person no longer belongs to those whom the flow is meant for."
    ),
    SkipReason.PROFILE_ERASED: Judgement(
        "good", _HEALTHY, "The person asked to be forgotten; nothing is sent any more."
    ),
    SkipReason.STORE_UNINSTALLED: Judgement(
        "warn",
        _LOOK,
        "The store is no longer connected, and all about its orders stops. "
        "Connect the store again if that was not meant.",
    ),
    SkipReason.ADDRESS_MISSING: Judgement(
        "good", _HEALTHY, "The person is known without an address on this channel."
    ),
    SkipReason.ADDRESS_INVALID: Judgement(
        "warn",
        _LOOK,
        "No server takes such an address. Many of them point to a checkout that does not check "
        "what people type.",
    ),
    SkipReason.SUPPRESSED: Judgement(
        "good", _HEALTHY, "Writing to a suppressed address would harm your standing as a sender."
    ),
    SkipReason.NO_CONSENT: Judgement(
        "good", _HEALTHY, "Marketing goes only to people who said yes. Ask for consent at checkout."
    ),
    SkipReason.TOPIC_REFUSED: Judgement(
        "good", _HEALTHY, "They chose on their preference page what they want to read about."
    ),
    SkipReason.PAUSED: Judgement(
        "good", _HEALTHY, "A pause keeps people who would otherwise have unsubscribed."
    ),
    SkipReason.TOO_OFTEN: Judgement(
        "good",
        _HEALTHY,
        "They chose on their preference page how often they want to hear from you.",
    ),
    SkipReason.SMART_SENDING: Judgement(
        "good", _HEALTHY, "Two promotional messages so close to each other annoy people."
    ),
    SkipReason.DISCOUNT: Judgement(
        "good",
        _HEALTHY,
        "They buy without a discount. Send them something else, or switch this off in the limits.",
    ),
    SkipReason.SUNSET: Judgement(
        "good",
        _HEALTHY,
        "They did not open, click, visit or buy for so long that writing on harms your standing as "
        "a sender. It goes on once they come back.",
    ),
    SkipReason.UNHAPPY: Judgement(
        "good",
        _HEALTHY,
        "Promotions rest until what troubles the person is resolved, and go on by themselves.",
    ),
    SkipReason.REVIEW_ASKED: Judgement(
        "good", _HEALTHY, "One order is asked about once, whichever flow does it."
    ),
    SkipReason.BUDGET: Judgement(
        "good", _HEALTHY, "One person gets so many messages and no more; the best ones win."
    ),
    SkipReason.FREQUENCY_CAP: Judgement(
        "good", _HEALTHY, "Your own rules say how many messages one person gets in a time."
    ),
    SkipReason.FLOOD: Judgement(
        "warn",
        _LOOK,
        "Several flows write to the same person at once. Look which ones, and set their priority "
        "or a frequency rule; the person gets no more marketing until the three days are over.",
    ),
    SkipReason.QUIET_HOURS: Judgement("good", _HEALTHY, "Nobody wants to be woken by a shop."),
    SkipReason.OUT_OF_STOCK: Judgement(
        "good", _HEALTHY, "A promotion of what nobody can buy only disappoints."
    ),
    SkipReason.TOO_LATE: Judgement(
        "warn",
        _LOOK,
        "The message waited for longer than it may, such as in an outage or a paused channel.",
    ),
    SkipReason.SENDER_MISSING: Judgement(
        "bad", _HARMFUL, "Nothing can be sent before a sender is set up."
    ),
    SkipReason.SENDER_DNS: Judgement(
        "bad",
        _HARMFUL,
        "Marketing waits until the records are in place, and ends when it is too late. "
        "Mend them in Settings → Senders; what still waits then goes out by itself.",
    ),
    SkipReason.CHANNEL_MISSING: Judgement(
        "bad",
        _HARMFUL,
        "Nothing leaves on this channel before a provider is connected in Settings → Channels.",
    ),
    SkipReason.RATE: Judgement(
        "good",
        _HEALTHY,
        "Mailboxes refuse what comes too fast. It leaves by itself when its turn comes.",
    ),
    SkipReason.WARM_UP: Judgement(
        "good",
        _HEALTHY,
        "A new sender writes to a few more people each day, so that mailboxes get to know it.",
    ),
    SkipReason.NO_COUPON: Judgement(
        "bad", _HARMFUL, "The codes of the coupon are used up. Add codes, or let it top itself up."
    ),
    SkipReason.RENDER_ERROR: Judgement(
        "bad", _HARMFUL, "The template asks for a value that this person does not have. Mend it."
    ),
    FailReason.REJECTED: Judgement(
        "warn", _LOOK, "The server of the recipient refused it for good; its words stand below."
    ),
    FailReason.TRIES_USED_UP: Judgement(
        "warn", _LOOK, "The server of the recipient put it off five times, over 80 minutes."
    ),
    FailReason.GATE_ERROR: Judgement(
        "bad", _HARMFUL, "A check before sending broke. It is logged; try again after an update."
    ),
    FailReason.BOUNCED_HARD: Judgement(
        "good", _HEALTHY, "The address is suppressed, so that nothing goes there again."
    ),
    FailReason.BOUNCED_SOFT: Judgement(
        "warn",
        _LOOK,
        "A mailbox may be full or a server busy. After five messages in a row that bounce so, the "
        "address is suppressed.",
    ),
    FailReason.BLOCKED: Judgement(
        "bad",
        _HARMFUL,
        "The receiving side refused what it says or who sends it; other people on that side will "
        "not get it either. The words of the provider stand beside.",
    ),
    FailReason.UNDELIVERED: Judgement(
        "warn", _LOOK, "The provider took it and gave up; its words stand beside."
    ),
    FailReason.OUTCOME_UNKNOWN: Judgement(
        "warn",
        _LOOK,
        "The connection ended before the server answered. A promotional message is not sent again, "
        "so that nobody gets it twice.",
    ),
}
"""Whether a reason is healthy or harmful, and what to do about it."""

PREFERENCE_EVENTS = ("Preferences Changed",)
INCOMING_EVENTS = ("Message Received",)
_LOOKS = {
    "Message Sent": ("mail", "was sent", "neutral"),
    "Message Delivered": ("good", "was delivered", "good"),
    "Message Opened": ("eye", "was opened", "accent"),
    "Message Clicked": ("link", "was clicked", "accent"),
    "Message Bounced": ("error", "bounced", "bad"),
    "Message Complained": ("warn", "was marked as spam", "bad"),
    "Message Unsubscribed": ("blocked", "ended with an unsubscribe", "bad"),
}


def speak_messages(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what became of messages; one statement for any number."""
    ids = {event.object_id for event in events if event.object_id is not None}
    rows = Message.objects.filter(pk__in=ids).values_list("pk", "subject", "template__name")
    titles = {pk: subject or name for pk, subject, name in rows}
    words = {}
    for event in events:
        symbol, verb, tone = _LOOKS[event.name]
        title = titles.get(event.object_id or 0)
        said = f"“{title}” {verb}" if title else f"A message {verb}"
        words[event.pk] = EventWords(symbol, said, _more(event), tone)
    return words


def _more(event: Event) -> str:
    """Return what was clicked, or why a message bounced."""
    kind = str(event.properties.get("bounce", ""))
    why = REASONS[kind].label if kind in REASONS else ""
    return why or str(event.properties.get("url", ""))


def speak_incoming(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what people wrote."""
    words = {}
    for event in events:
        channel = CHANNEL_LABELS.get(str(event.properties.get("channel")), "a channel")
        link = ("messaging:conversation", event.object_id) if event.object_id else None
        text = str(event.properties.get("text", "")) or "An attachment"
        words[event.pk] = EventWords("chat", f"Wrote to you by {channel}", text, "accent", link)
    return words


def speak_preferences(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word what people chose on their preference page."""
    return {
        event.pk: EventWords(
            "settings",
            "Changed what they want to get",
            "; ".join(str(said) for said in event.properties.get("said", [])),
        )
        for event in events
    }
