"""What a mail provider's own words for a message that did not arrive mean for its address. Pure.

Libraries put a full mailbox and a mailbox that never was under one word. Hard: the address is
dead, nothing goes there again. Soft: it did not work this time; five messages in a row that
bounce so, with none delivered between, end it too. Blocked: who wrote or what was written was
refused, which says nothing about the address.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from messaging.choices import CallbackKind

HARD: Final = CallbackKind.BOUNCED_HARD
SOFT: Final = CallbackKind.BOUNCED_SOFT
BLOCKED: Final = CallbackKind.BLOCKED


class Meaning(NamedTuple):
    """What one event of a provider means.

    Attributes:
        kind: None says nothing that is kept.
        code: the provider's own word for it.
    """

    kind: CallbackKind | None
    code: str = ""


Event = Mapping[str, Any]
Reader = Callable[[str, Event], Meaning]
"""Takes a library's word for an event and the event as the provider told it."""

PLAIN: Final[dict[str, CallbackKind]] = {
    "sent": CallbackKind.SENT,
    "delivered": CallbackKind.DELIVERED,
    "deferred": CallbackKind.DEFERRED,
    "bounced": BLOCKED,
    "rejected": BLOCKED,
    "failed": CallbackKind.FAILED,
    "complained": CallbackKind.COMPLAINED,
    "unsubscribed": CallbackKind.UNSUBSCRIBED,
    "opened": CallbackKind.OPENED,
    "clicked": CallbackKind.CLICKED,
}
"""What words mean that every provider says alike; a bounce of which nothing is known harms nobody.

Left out is what changes nothing: a message that was queued, an answer by machine, and a provider's
word that somebody is subscribed again, which is no consent."""


def read_meaning(provider: str, word: str, event: Event) -> Meaning:
    """Return what an event means.

    Args:
        provider: a key of `READERS`; one without special words is read by `PLAIN`.
        word: a library's word, such as ``bounced``.
        event: as the provider told it.
    """
    reader = READERS.get(provider)
    found = reader(word, event) if reader else Meaning(None)
    return found if found.kind or found.code else Meaning(PLAIN.get(word))


def _coded(kinds: Mapping[str, CallbackKind | None], code: str) -> Meaning:
    return Meaning(kinds[code], code) if code in kinds else Meaning(None)


_SES_CONTENT: Final = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})
_SES: Final = {"DeliveryDelay": CallbackKind.DEFERRED, "Rendering Failure": CallbackKind.FAILED}


def _read_ses(word: str, event: Event) -> Meaning:
    kind = _text(event, "eventType") or _text(event, "notificationType")
    if kind == "Subscription":
        wanted = _part(_part(event, "subscription"), "newTopicPreferences")
        is_over = wanted.get("unsubscribeAll") is True
        return Meaning(CallbackKind.UNSUBSCRIBED if is_over else None, kind)
    if word != "bounced":
        return _coded(_SES, kind)
    bounce = _part(event, "bounce")
    how, why = _text(bounce, "bounceType"), _text(bounce, "bounceSubType")
    code = "/".join(filter(None, (how, why)))
    if how == "Permanent":
        return Meaning(HARD, code)
    return Meaning(BLOCKED if how == "Transient" and why in _SES_CONTENT else SOFT, code)


_POSTMARK: Final[dict[str, CallbackKind | None]] = {
    "HardBounce": HARD,
    "BadEmailAddress": HARD,
    "SoftBounce": SOFT,
    "Transient": SOFT,
    "DnsError": SOFT,
    "Blocked": BLOCKED,
    "DMARCPolicy": BLOCKED,
    "SpamNotification": CallbackKind.COMPLAINED,
    "SpamComplaint": CallbackKind.COMPLAINED,
    "Unsubscribe": CallbackKind.UNSUBSCRIBED,
    "ManualSuppression": CallbackKind.UNSUBSCRIBED,
    "AutoResponder": None,
    "AddressChange": None,
    "ChallengeVerification": None,
    "Subscribe": None,
    "SMTPApiError": CallbackKind.FAILED,
    "TemplateRenderingFailed": CallbackKind.FAILED,
    "OpenRelayTest": CallbackKind.DEFERRED,
    "Unknown": BLOCKED,
}


def _read_postmark(word: str, event: Event) -> Meaning:
    record = _text(event, "RecordType")
    if record == "SubscriptionChange":
        is_over = event.get("SuppressSending") is True
        code = _text(event, "SuppressionReason") if is_over else "Subscribe"
        return _coded(_POSTMARK, code)
    if record in ("Bounce", "SpamComplaint"):
        return _coded(_POSTMARK, _text(event, "Type") or record)
    return Meaning(None)


_BREVO: Final[dict[str, CallbackKind | None]] = {
    "hard_bounce": HARD,
    "invalid_email": HARD,
    "soft_bounce": SOFT,
    "deferred": SOFT,
    "blocked": BLOCKED,
    "error": CallbackKind.FAILED,
}


def _read_brevo(word: str, event: Event) -> Meaning:
    return _coded(_BREVO, _text(event, "event"))


_MAILGUN_HARD: Final = frozenset({"bounce", "suppress-bounce"})
_MAILGUN_OWN_LIST: Final = frozenset({"605", "607"})
_TIMED_OUT: Final = "499"


def _read_mailgun(word: str, event: Event) -> Meaning:
    data = _part(event, "event-data")
    if not data:
        return _read_old_mailgun(event)
    if _text(data, "event") != "failed":
        return Meaning(None)
    why = _text(data, "reason")
    if _text(data, "severity") == "temporary":
        return Meaning(SOFT, why)
    return Meaning(HARD if why in _MAILGUN_HARD else BLOCKED, why or "permanent")


def _read_old_mailgun(event: Event) -> Meaning:
    """Read a form of before 2018, which some accounts still post."""
    if _text(event, "event") not in ("bounced", "dropped"):
        return Meaning(None)
    code = _text(event, "code")
    if code == _TIMED_OUT or code.startswith("4"):
        return Meaning(SOFT, code)
    is_dead = code.startswith("5") and code not in _MAILGUN_OWN_LIST
    return Meaning(HARD if is_dead else BLOCKED, code or "dropped")


_SPARKPOST: Final[dict[str, CallbackKind | None]] = {
    **dict.fromkeys(("10", "30", "90"), HARD),
    **dict.fromkeys(("20", "21", "22", "23", "24", "40", "70"), SOFT),
    **dict.fromkeys(("25", "50", "51", "52", "53", "54"), BLOCKED),
    **dict.fromkeys(("60", "80", "100"), None),
}
_SPARKPOST_BOUNCES: Final = frozenset({"bounce", "out_of_band"})


def _read_sparkpost(word: str, event: Event) -> Meaning:
    told: Any = next(iter(_part(event, "msys").values()), {})
    if not isinstance(told, Mapping) or _text(told, "type") not in _SPARKPOST_BOUNCES:
        return Meaning(None)
    code = _text(told, "bounce_class")
    return Meaning(_SPARKPOST.get(code, BLOCKED), code or "bounce")


_MAILJET_CONTENT: Final = frozenset({"spam", "content"})


def _read_mailjet(word: str, event: Event) -> Meaning:
    kind, why = _text(event, "event"), _text(event, "error")
    if kind not in ("bounce", "blocked"):
        return Meaning(None)
    if kind == "blocked" or _text(event, "error_related_to") in _MAILJET_CONTENT:
        return Meaning(BLOCKED, why or kind)
    if event.get("hard_bounce") is True:
        return Meaning(HARD, why or kind)
    return Meaning(BLOCKED if event.get("blocked") is True else SOFT, why or kind)


_RESEND: Final[dict[str, CallbackKind | None]] = {
    "email.failed": CallbackKind.FAILED,
    "email.suppressed": BLOCKED,
}
_RESEND_TYPES: Final[dict[str, CallbackKind | None]] = {"Permanent": HARD, "Transient": SOFT}
_RESEND_WORDS: Final = (
    ("suppressed", BLOCKED),
    ("hard bounce", HARD),
    ("general bounce", SOFT),
    ("inbox was full", SOFT),
)


def _read_resend(word: str, event: Event) -> Meaning:
    if word != "bounced":
        return _coded(_RESEND, _text(event, "type"))
    bounce = _part(_part(event, "data"), "bounce")
    said = f"{_text(bounce, 'message')} {_text(bounce, 'subType')}".lower()
    how = _text(bounce, "type")
    kind = next((kind for part, kind in _RESEND_WORDS if part in said), _RESEND_TYPES.get(how))
    return Meaning(kind or BLOCKED, how or "bounced")


_MAILERSEND: Final[dict[str, CallbackKind | None]] = {
    "hard_bounced": HARD,
    "soft_bounced": SOFT,
    "suppressed": BLOCKED,
}


def _read_mailersend(word: str, event: Event) -> Meaning:
    return _coded(_MAILERSEND, _text(_part(event, "data"), "type"))


READERS: Final[dict[str, Reader]] = {
    "ses": _read_ses,
    "postmark": _read_postmark,
    "brevo": _read_brevo,
    "mailgun": _read_mailgun,
    "sparkpost": _read_sparkpost,
    "mailjet": _read_mailjet,
    "resend": _read_resend,
    "mailersend": _read_mailersend,
}


def _text(event: Event, name: str) -> str:
    found = event.get(name)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _part(event: Event, name: str) -> Event:
    found = event.get(name)
    return found if isinstance(found, Mapping) else {}
