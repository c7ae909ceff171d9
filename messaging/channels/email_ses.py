"""Amazon SES: mails go out as they are written here, and SNS tells what becomes of them.

Requests are signed by ourselves, so that no second set of libraries is needed; notifications are
believed for their signature, which the library for other providers does not check.
"""

import base64
import json
import re
import threading
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any, Final, NoReturn

from anymail.inbound import AnymailInboundMessage
from anymail.signals import AnymailInboundEvent
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from django.utils.dateparse import parse_datetime

from kernel import clock
from kernel.http import Answer, Client, HttpUnavailable
from messaging.channels import sns
from messaging.channels.anymail_base import (
    LOST,
    REFERENCE,
    TIMEOUT_SECONDS,
    refusal,
    retry_after,
    was_not_reached,
)
from messaging.channels.anymail_callbacks import Told, quiet, read_mail, read_tracking
from messaging.channels.base import (
    Account,
    CallbackAnswer,
    CallbackRequest,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    Provider,
    ProviderEvent,
    SignatureInvalid,
)
from messaging.channels.email_fields import REPLY_ADDRESS, option, secret
from messaging.domain.mime import build_email
from messaging.domain.sigv4 import AwsKeys, sign_request
from messaging.types import OutgoingEmail

API_URL: Final = "https://email.{region}.amazonaws.com"
SERVICE: Final = "ses"
VALIDATED: Final = "Successfully validated SNS topic for Amazon SES event publishing."
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
_HEADER: Final = "x-patron-message"
_ACCOUNT_FAULTS: Final = frozenset(
    {
        "AccountSuspendedException",
        "NotFoundException",
        "SendingPausedException",
    }
)
_LATER: Final = frozenset({"LimitExceededException", "TooManyRequestsException", "Throttling"})
_UNVERIFIED: Final = "is not verified"
_FOREIGN: Final = "MailFromDomainNotVerifiedException"


def _prepare_nothing(view: Any) -> None:
    """Leave out what the library prepares for requests of its own, with keys it asks for."""


_Tracking = quiet(AmazonSESTrackingWebhookView, __init__=_prepare_nothing)
TOLD: Final = Told(provider="ses", tracking=lambda _: _Tracking(), own_ids=True)


class SesChannel:
    """One account in one region; connections are kept between mails."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client = Client(TIMEOUT_SECONDS)

    def send(self, mail: OutgoingEmail) -> Handed:
        """Hand over one mail; see `messaging.channels.base.Channel`."""
        try:
            content = build_email(mail)
        except ValueError as exc:
            raise ChannelRejected(f"cannot be written as a mail: {exc}") from exc
        said: dict[str, Any] = {
            "Content": {"Raw": {"Data": base64.b64encode(content).decode()}},
            "Destination": {"ToAddresses": [mail.to_address]},
            "EmailTags": [{"Name": REFERENCE, "Value": mail.reference}],
        }
        if self._account.options.get("configuration_set"):
            said["ConfigurationSetName"] = self._account.options["configuration_set"]
        try:
            answer = ask(self._client, self._account, "/v2/email/outbound-emails", said)
        except HttpUnavailable as exc:
            if was_not_reached(exc):
                raise ChannelUnavailable(str(exc)) from exc
            raise OutcomeUnknown(str(exc)) from exc
        body = _said(answer)
        if answer.status in LOST:
            raise OutcomeUnknown(f"something on the way answered {answer.status}")
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            _refuse(answer, body)
        if not body.get("MessageId"):
            raise OutcomeUnknown("the answer names no message")
        return Handed(provider_id=str(body["MessageId"]))


def ask(
    client: Client, account: Account, path: str, said: Mapping[str, Any] | None = None
) -> Answer:
    """Send one signed request; with a body it is a POST.

    Raises:
        ChannelUnavailable: the account names no region.
        HttpUnavailable: no answer came.
    """
    region = str(account.options.get("region") or "us-east-1").strip().lower()
    if not _REGION.fullmatch(region):
        raise ChannelUnavailable(f"{region[:50]} is no region of AWS", is_account_fault=True)
    keys = AwsKeys(
        key_id=account.credentials.get("access_key_id", ""),
        secret=account.credentials.get("secret_access_key", ""),
        region=region,
        service=SERVICE,
    )
    url = API_URL.format(region=region) + path
    if said is None:
        return client.get(url, headers=sign_request(keys, "GET", url, {}, b"", clock.now()))
    body = json.dumps(said).encode()
    headers = {"Content-Type": "application/json"}
    return client.post(
        url, body, headers=sign_request(keys, "POST", url, headers, body, clock.now())
    )


def read_notification(account: Account, request: CallbackRequest) -> CallbackAnswer:
    """Check and read one notification of SNS; one that asks whether it is wanted is told yes.

    Raises:
        SignatureInvalid: SNS did not make it, or it is of another topic than the account's.
        ValueError: it is none of SES.
    """
    if request.method != HTTPMethod.POST:
        return CallbackAnswer()
    message = _content(request.body)
    topic = account.options.get("topic_arn")
    if topic and message.get("TopicArn") != topic:
        raise SignatureInvalid("the notification is of another topic")
    try:
        sns.check_signature(message)
        if message.get("Type") == sns.CONFIRMATION:
            sns.confirm(message)
    except HttpUnavailable:
        return CallbackAnswer(status=HTTPStatus.SERVICE_UNAVAILABLE)
    if message.get("Type") != sns.NOTIFICATION or message.get("Message") == VALIDATED:
        return CallbackAnswer()
    return CallbackAnswer(events=read_event(message))


def read_event(message: Mapping[str, Any]) -> tuple[ProviderEvent, ...]:
    """Return what a notification says whose signature was checked.

    Raises:
        ValueError: its content is none of SES.
    """
    told = json.loads(str(message.get("Message")))
    if not isinstance(told, dict):
        raise TypeError("the notification is none of SES")
    if told.get("notificationType") == "Received":
        return (_read_inbound(told, message),)
    found = _Tracking().esp_to_anymail_events(told, message)
    for event in found:
        event.metadata = {**(event.metadata or {}), **_reference_of(told)}
    return tuple(read_tracking(found, TOLD))


def _reference_of(told: Mapping[str, Any]) -> dict[str, str]:
    """Return our reference, of the tags where a configuration set tells, else of the headers."""
    mail = told.get("mail") or {}
    tags = (mail.get("tags") or {}).get(REFERENCE) or []
    headers = [
        str(each.get("value", ""))
        for each in mail.get("headers") or []
        if str(each.get("name", "")).lower() == _HEADER
    ]
    found = [*tags, *headers]
    return {REFERENCE: str(found[0])} if found else {}


def _read_inbound(told: Mapping[str, Any], message: Mapping[str, Any]) -> ProviderEvent:
    """Read a mail that came in; the text of one that lies in a bucket stays there."""
    content = str(told.get("content") or "")
    action = (told.get("receipt") or {}).get("action") or {}
    raw = base64.b64decode(content) if action.get("encoding") == "BASE64" else content.encode()
    mail = AnymailInboundMessage.parse_raw_mime_bytes(raw or _head(told))
    head = told.get("mail") or {}
    mail.envelope_sender = head.get("source")
    recipients = (told.get("receipt") or {}).get("recipients") or head.get("destination") or [""]
    mail.envelope_recipient = recipients[0]
    mail.spam_detected = _verdict(told, "spam") or _verdict(told, "virus")
    return read_mail(
        AnymailInboundEvent(
            event_type="inbound",
            timestamp=parse_datetime(str(head.get("timestamp") or "")),
            event_id=head.get("messageId") or message.get("MessageId"),
            esp_event=told,
            message=mail,
        )
    )


def _verdict(told: Mapping[str, Any], name: str) -> bool:
    """Say whether a mail that came in failed one of the checks of SES."""
    return ((told.get("receipt") or {}).get(f"{name}Verdict") or {}).get("status") == "FAIL"


def _head(told: Mapping[str, Any]) -> bytes:
    """Return the headers that a notification repeats, as a mail without a text."""
    lines = [
        f"{each.get('name')}: {' '.join(str(each.get('value')).split())}"
        for each in (told.get("mail") or {}).get("headers") or []
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def _refuse(answer: Answer, body: Mapping[str, Any]) -> NoReturn:
    kind = str(answer.headers.get("x-amzn-ErrorType", "")).partition(":")[0]
    said = body.get("message") or body.get("Message") or ""
    words = f"{answer.status} {kind} {said}"[:500]
    if kind in _LATER:
        raise ChannelUnavailable(words, retry_after=retry_after(answer), is_throttle=True)
    is_sender = _UNVERIFIED in words or kind == _FOREIGN
    if kind in _ACCOUNT_FAULTS or is_sender:
        raise ChannelUnavailable(words, is_account_fault=True, is_sender_fault=is_sender)
    raise refusal(answer.status, words, retry_after(answer))


def _content(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds.

    Raises:
        ValueError, TypeError: it holds none.
    """
    found = json.loads(body)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return found


def _said(answer: Answer) -> dict[str, Any]:
    """Return what an answer holds; nothing where something on the way answered."""
    try:
        return _content(answer.body)
    except (ValueError, TypeError):
        return {}


_local = threading.local()


def _open(account: Account) -> SesChannel:
    channels: dict[Any, SesChannel] = _local.__dict__.setdefault("channels", {})
    place = (account.tenant_id, account.id)
    kept = channels.get(place)
    if kept is None or kept._account != account:  # noqa: SLF001 its own module
        kept = channels[place] = SesChannel(account)
    return kept


def _check(account: Account) -> str:
    try:
        with Client(TIMEOUT_SECONDS) as client:
            answer = ask(client, account, "/v2/email/account")
    except (ChannelUnavailable, HttpUnavailable) as exc:
        return f"Amazon SES could not be asked: {exc}."
    if answer.status == HTTPStatus.OK:
        is_open = _said(answer).get("ProductionAccessEnabled", True)
        return "" if is_open else "The account is in the sandbox: it sends to verified people only."
    return "Amazon SES does not know these keys, or they may not do this."


PROVIDER: Final = Provider(
    channel="email",
    name="ses",
    label="Amazon SES",
    credentials=(
        secret(
            "access_key_id",
            "Access key ID",
            "Of an IAM user that may call ses:SendEmail, ses:SendRawEmail and ses:GetAccount.",
        ),
        secret("secret_access_key", "Secret access key", "Shown once, with the access key."),
    ),
    options=(
        option("region", "Region", "Such as eu-west-1; empty is us-east-1."),
        option(
            "configuration_set",
            "Configuration set",
            "One that publishes events to SNS, so that clicks and delays are told, too.",
        ),
        option(
            "topic_arn",
            "SNS topic",
            "ARN of the topic that may call; when set, every other one is refused.",
        ),
        REPLY_ADDRESS,
    ),
    open=_open,
    check=_check,
    read_callback=read_notification,
)
