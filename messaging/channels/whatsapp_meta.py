"""WhatsApp over Meta's Cloud API: approved templates, or free text inside the 24-hour window.

An app of Meta tells all numbers of a business at one address, in any order, and more than once:
what belongs to another number is left out. A read receipt may come before "delivered".
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from kernel.http import Answer
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    CredentialField,
    Handed,
    OutcomeUnknown,
    OutgoingWhatsApp,
    Provider,
    ProviderEvent,
    SignatureInvalid,
)
from messaging.channels.senders import WHATSAPP_SENDER
from messaging.channels.web import (
    Refusal,
    as_number,
    ask,
    build_refusal,
    child,
    children,
    hand_over,
    open_client,
    read_json,
    read_time,
    read_wait,
)
from messaging.choices import CallbackKind

API = "https://graph.facebook.com/v23.0"

_KINDS = {
    "sent": CallbackKind.SENT,
    "delivered": CallbackKind.DELIVERED,
    "read": CallbackKind.READ,
}
_STOPPED = 131050
"""The person told WhatsApp to show them no marketing of this business."""
_TOO_FAST = frozenset({4, 80007, 130429, 131048})
_TOO_FAST_FOR_ONE = 131056
_DOWN = frozenset({2, 131016, 131057})
_LATER = frozenset({1, 131000, _TOO_FAST_FOR_ONE})
_ACCOUNT = frozenset({0, 3, 10, 33, 190, 368, 131005, 131031, 131042, 131045, 133010})
_PERMISSIONS = range(200, 300)
_FAULTS = {
    _STOPPED: CallbackKind.UNSUBSCRIBED,
    131026: CallbackKind.BOUNCED_SOFT,
    130472: CallbackKind.BLOCKED,
    131048: CallbackKind.BLOCKED,
    131049: CallbackKind.BLOCKED,
}
"""Why a message did not arrive, as the codes of its callback say. 131026 is of numbers without
WhatsApp, and of people whose app is too old: no single one proves that a number is dead."""


class MetaWhatsApp:
    """Hands over WhatsApp messages."""

    def __init__(self, account: Account) -> None:
        """Prepare to send; no connection is made yet."""
        self._account = account
        self._client = open_client()

    def send(self, message: OutgoingWhatsApp) -> Handed:
        """Hand over one message; raises as `Channel.send`."""
        said = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.to.lstrip("+"),
            "biz_opaque_callback_data": message.reference,
            **_content(message),
        }
        url = f"{API}/{_number_id(self._account)}/messages"
        headers = {**_login(self._account), "Content-Type": "application/json"}
        answer = hand_over(
            lambda: self._client.post(url, json.dumps(said).encode(), headers=headers)
        )
        found = read_json(answer.body)
        if answer.status != HTTPStatus.OK or "error" in found:
            raise _refusal(answer, child(found, "error"))
        sent = children(found, "messages")
        if not sent or not sent[0].get("id"):
            raise OutcomeUnknown("the provider took it and gave it no id")
        return Handed(str(sent[0]["id"]))


def check(account: Account) -> str:
    """Return nothing when the account works, else what is wrong, in words."""
    with open_client() as client:
        url = f"{API}/{_number_id(account)}"
        params = {"fields": "display_phone_number,quality_rating"}
        answer, words = ask(lambda: client.get(url, params=params, headers=_login(account)))
    if answer is None:
        return words
    if answer.status == HTTPStatus.OK:
        return ""
    said = child(read_json(answer.body), "error").get("message") or f"it answered {answer.status}"
    return f"WhatsApp does not accept this access token for this number: {said}"


def read_callback(account: Account, request: CallbackRequest) -> CallbackAnswer:
    """Return what a request tells; one by GET proves that the address is ours.

    Raises:
        SignatureInvalid: the word or the signature is not of this account.
    """
    if request.method == "GET":
        return CallbackAnswer(body=_answer_challenge(account, request.query))
    secret = account.credentials.get("app_secret", "")
    if not is_signed(request, secret):
        raise SignatureInvalid
    return CallbackAnswer(events=tuple(_read_events(account, read_json(request.body))))


def is_signed(request: CallbackRequest, secret: str) -> bool:
    """Say whether a request carries the signature of an app's secret over its very body."""
    kind, _, given = request.headers.get("x-hub-signature-256", "").partition("=")
    made = hmac.new(secret.encode(), request.body, "sha256").hexdigest()
    return bool(secret) and kind == "sha256" and hmac.compare_digest(made, given.lower())


def _answer_challenge(account: Account, query: Mapping[str, str]) -> bytes:
    word = account.credentials.get("verify_token", "")
    given = query.get("hub.verify_token", "")
    is_ours = bool(word) and hmac.compare_digest(word.encode(), given.encode())
    if query.get("hub.mode") != "subscribe" or not is_ours:
        raise SignatureInvalid
    return query.get("hub.challenge", "").encode()


def _login(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.credentials.get('access_token', '')}"}


def _number_id(account: Account) -> str:
    return str(account.options.get("phone_number_id") or "").strip()


def _content(message: OutgoingWhatsApp) -> dict[str, Any]:
    if not message.template:
        return {"type": "text", "text": {"body": message.text, "preview_url": True}}
    components: list[dict[str, Any]] = []
    if message.variables:
        components.append({"type": "body", "parameters": _parameters(*message.variables)})
    components += [
        {
            "type": "button",
            "sub_type": "url",
            "index": str(place),
            "parameters": _parameters(said),
        }
        for place, said in enumerate(message.buttons)
        if said
    ]
    template = {
        "name": message.template,
        "language": {"code": message.language or "en"},
        "components": components,
    }
    return {"type": "template", "template": template}


def _parameters(*said: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": each} for each in said]


def _refusal(answer: Answer, error: Mapping[str, Any]) -> Exception:
    """Return what a refusal means."""
    code = _code(error)
    details = child(error, "error_data").get("details")
    said = f"{code}: {details or error.get('message') or answer.status}"
    status = answer.status
    is_busy = status == HTTPStatus.TOO_MANY_REQUESTS or code in _TOO_FAST | _DOWN
    is_locked_out = code in _ACCOUNT or code in _PERMISSIONS or status == HTTPStatus.UNAUTHORIZED
    cases = (
        (Refusal.LATER, code in _LATER),
        (Refusal.BUSY, is_busy),
        (Refusal.ACCOUNT, is_locked_out),
        (Refusal.UNSUBSCRIBED, code == _STOPPED),
        (Refusal.UNCLEAR, status >= HTTPStatus.INTERNAL_SERVER_ERROR),
    )
    return build_refusal(cases, said, read_wait(answer))


def _code(error: Mapping[str, Any]) -> int:
    found = error.get("code", -1)
    return found if isinstance(found, int) else -1


def _read_events(account: Account, said: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    for entry in children(said, "entry"):
        for change in children(entry, "changes"):
            value = child(change, "value")
            number = child(value, "metadata").get("phone_number_id")
            if number != _number_id(account):
                continue
            if change.get("field") == "messages":
                yield from _read_statuses(value)
                yield from _read_messages(value)
            elif change.get("field") == "user_preferences":
                yield from _read_wishes(value)


def _read_statuses(value: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    for status in children(value, "statuses"):
        word = str(status.get("status") or "")
        error = next(iter(children(status, "errors")), {})
        kind = _KINDS.get(word)
        if word == "failed":
            kind = _FAULTS.get(_code(error), CallbackKind.FAILED)
        if kind is None or not status.get("id") or status.get("recipient_type") == "group":
            continue
        yield ProviderEvent(
            kind=kind.value,
            dedupe_key=f"{status['id']}:{word}",
            at=read_time(status.get("timestamp")),
            provider_id=str(status["id"]),
            reference=str(status.get("biz_opaque_callback_data") or ""),
            recipient=as_number(status.get("recipient_id")),
            code=str(error.get("code") or ""),
            detail=str(child(error, "error_data").get("details") or error.get("title") or word),
        )


def _read_messages(value: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    ours = child(value, "metadata").get("display_phone_number")
    for message in children(value, "messages"):
        text, media = _read_content(message)
        if not message.get("id") or not message.get("from") or not (text or media):
            continue  # a reaction taken back, a new number, or what their app cannot send
        yield ProviderEvent(
            kind=CallbackKind.INBOUND.value,
            dedupe_key=f"inbound:{message['id']}",
            at=read_time(message.get("timestamp")),
            provider_id=str(message["id"]),
            recipient=as_number(ours),
            sender=as_number(message["from"]),
            text=text,
            media=media,
        )


def _read_content(message: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return what somebody wrote or pressed, and the addresses of what they attached."""
    kind = str(message.get("type") or "")
    part = child(message, kind)
    if kind in _ATTACHMENTS:
        text = str(part.get("caption") or part.get("filename") or "")
        return text, (f"{API}/{part['id']}",) if part.get("id") else ()
    if kind == "contacts":
        names = [child(each, "name").get("formatted_name") for each in children(message, kind)]
        return ", ".join(str(name) for name in names if name), ()
    read = _WORDS.get(kind)
    return (str(read(part) or ""), ()) if read else ("", ())


def _read_pressed(part: Mapping[str, Any]) -> object:
    pressed = child(part, str(part.get("type") or ""))
    return pressed.get("title") or pressed.get("body")


def _read_place(part: Mapping[str, Any]) -> object:
    place = f"{part.get('latitude')}, {part.get('longitude')}"
    return " ".join(filter(None, (str(part.get("name") or ""), place)))


_ATTACHMENTS = frozenset({"image", "video", "audio", "document", "sticker"})
_WORDS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "text": lambda part: part.get("body"),
    "button": lambda part: part.get("text") or part.get("payload"),
    "interactive": _read_pressed,
    "reaction": lambda part: part.get("emoji"),
    "location": _read_place,
}


def _read_wishes(value: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    """Read that somebody told WhatsApp itself to show no more marketing of this business.

    It holds like a STOP that they had written.
    """
    ours = child(value, "metadata").get("display_phone_number")
    for wish in children(value, "user_preferences"):
        if wish.get("category") == "marketing_messages" and wish.get("value") == "stop":
            said = f"{wish.get('wa_id')}:{wish.get('timestamp')}"
            name = f"wish:{hashlib.sha256(said.encode()).hexdigest()}"  # it outlives the number
            yield ProviderEvent(
                kind=CallbackKind.INBOUND.value,
                dedupe_key=name,
                at=read_time(wish.get("timestamp")),
                provider_id=name,
                recipient=as_number(ours),
                sender=as_number(wish.get("wa_id")),
                text=str(wish.get("detail") or ""),
                code="STOP",
            )


PROVIDER = Provider(
    channel="whatsapp",
    name="meta",
    label="WhatsApp Cloud API (Meta)",
    credentials=(
        CredentialField("access_token", "Access token", "Of a system user, without an end."),
        CredentialField("app_secret", "App secret", "Signs what Meta tells us."),
        CredentialField(
            "verify_token", "Verify token", "A word of yours; enter it at Meta with the address."
        ),
    ),
    options=(
        WHATSAPP_SENDER,
        CredentialField("phone_number_id", "Phone number ID", is_secret=False),
    ),
    open=MetaWhatsApp,
    check=check,
    read_callback=read_callback,
)
