"""What eight mail providers post when a mail comes in, each in its own words and with its proof."""

import base64
import email
import email.policy
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

from messaging.domain.inbound_mail import content_of
from tests.support import sns

LOGIN = "patron:s3cret"
_BASIC = {"authorization": "Basic " + base64.b64encode(LOGIN.encode()).decode()}
_JSON = "application/json"
_SVIX_KEY = b"k" * 24
_STAMP = "1780315200"
CREDENTIALS: dict[str, dict[str, str]] = {
    "brevo": {"api_key": "k", "callback_login": LOGIN},
    "mailersend": {"api_token": "k", "signing_secret": "track", "inbound_secret": "right"},
    "mailgun": {"api_key": "k", "signing_key": "right"},
    "mailjet": {"api_key": "k", "secret_key": "k", "callback_login": LOGIN},
    "postmark": {"server_token": "k", "callback_login": LOGIN},
    "resend": {
        "api_key": "k",
        "signing_secret": "whsec_" + base64.b64encode(_SVIX_KEY).decode(),
    },
    "ses": {"access_key_id": "k", "secret_access_key": "k"},
    "sparkpost": {"api_key": "k", "callback_login": LOGIN},
}


@dataclass
class Post:
    """One request of a provider."""

    body: bytes
    content_type: str = _JSON
    headers: dict[str, str] = field(default_factory=dict)


def post_of(provider: str, raw: bytes, recipient: str) -> Post:
    """Return what a provider posts of a mail that came in for an address."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    return POSTS[provider](raw, mail, recipient)


def forge(provider: str, post: Post) -> Post:
    """Return a request of somebody who does not know the secret of the account."""
    if provider == "ses":
        said = json.loads(post.body)
        return Post(json.dumps({**said, "Signature": "AAAA"}).encode(), post.content_type)
    if provider == "mailgun":
        return Post(post.body.replace(b"signature=", b"signature=0"), post.content_type)
    return Post(post.body, post.content_type, {"signature": "0", "svix-signature": "v1,AAAA"})


def _text(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _files(mail: EmailMessage) -> list[tuple[str, str, bytes]]:
    return [
        (part.get_filename() or "", part.get_content_type(), content_of(part))
        for part in mail.iter_attachments()
        if not part.is_multipart()
    ]


def _postmark(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    said = {
        "FromName": "Zoe Lee",
        "From": "zoe@example.com",
        "FromFull": {"Email": "zoe@example.com", "Name": "Zoe Lee", "MailboxHash": ""},
        "ToFull": [{"Email": recipient, "Name": "", "MailboxHash": ""}],
        "OriginalRecipient": recipient,
        "Subject": str(mail["Subject"]),
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
        "TextBody": _text(mail, "plain"),
        "HtmlBody": _text(mail, "html"),
        "StrippedTextReply": _text(mail, "plain").partition("\n\nOn ")[0],
        "Headers": [
            {"Name": "Return-Path", "Value": "<zoe@example.com>"},
            *(
                {"Name": name, "Value": str(value)}
                for name, value in mail.items()
                if name in ("Message-ID", "In-Reply-To", "References", "Auto-Submitted")
            ),
        ],
        "Attachments": [
            {"Name": name, "ContentType": kind, "Content": base64.b64encode(data).decode()}
            for name, kind, data in _files(mail)
        ],
    }
    return Post(json.dumps(said).encode(), headers=_BASIC)


def _mailgun(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    token = "t" * 50
    signature = hmac.new(b"right", f"{_STAMP}{token}".encode(), hashlib.sha256).hexdigest()
    said = {
        "recipient": recipient,
        "sender": "zoe@example.com",
        "body-mime": raw.decode("utf-8", "replace"),
        "timestamp": _STAMP,
        "token": token,
        "signature": signature,
    }
    return Post(urlencode(said).encode(), "application/x-www-form-urlencoded")


def _brevo(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    item = {
        "Uuid": ["f0ec5e5d-7b0f-4b0c-9d0a-0123456789ab"],
        "MessageId": str(mail["Message-ID"]),
        "Headers": {
            "Return-Path": "<zoe@example.com>",
            "Delivered-To": recipient,
            **{name: str(value) for name, value in mail.items()},
        },
        "RawTextBody": _text(mail, "plain"),
        "RawHtmlBody": _text(mail, "html"),
        "ExtractedMarkdownMessage": _text(mail, "plain").partition("\n\nOn ")[0],
        "Attachments": [
            {"Name": name, "ContentType": kind, "ContentLength": len(data), "DownloadToken": "t"}
            for name, kind, data in _files(mail)
        ],
    }
    return Post(json.dumps({"items": [item]}).encode(), headers=_BASIC)


def _mailjet(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    files = _files(mail)
    said: dict[str, Any] = {
        "Sender": "zoe@example.com",
        "Recipient": recipient,
        "Date": "20260601T115900",
        "From": str(mail["From"]),
        "Subject": str(mail["Subject"]),
        "Headers": {name: str(value) for name, value in mail.items()},
        "Parts": [
            {
                "Headers": {
                    "Content-Type": kind,
                    "Content-Disposition": f'attachment; filename="{name}"',
                },
                "ContentRef": f"Attachment{place}",
            }
            for place, (name, kind, _) in enumerate(files, start=1)
        ],
        "Text-part": _text(mail, "plain"),
        "Html-part": _text(mail, "html"),
        **{
            f"Attachment{place}": base64.b64encode(data).decode()
            for place, (_, _, data) in enumerate(files, start=1)
        },
    }
    return Post(json.dumps(said).encode(), headers=_BASIC)


def _sparkpost(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    message = {
        "content": {
            "email_rfc822": base64.b64encode(raw).decode(),
            "email_rfc822_is_base64": True,
            "subject": str(mail["Subject"]),
        },
        "customer_id": "1337",
        "friendly_from": "zoe@example.com",
        "msg_from": "zoe@example.com",
        "protocol": "smtp",
        "rcpt_to": recipient,
        "webhook_id": "4839201967643219",
    }
    return Post(json.dumps([{"msys": {"relay_message": message}}]).encode(), headers=_BASIC)


def _mailersend(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    said = {
        "type": "inbound.message",
        "inbound_id": "3yxj6lj9x14do2rm",
        "created_at": "2026-06-01T11:59:00.000000Z",
        "data": {
            "object": "message",
            "id": "6402ab24a2a2a9b0e00d33d2",
            "created_at": "2026-06-01T11:59:00.000000Z",
            "sender": {"email": "zoe@example.com"},
            "recipients": {"rcptTo": [{"email": recipient}], "to": {"raw": recipient}},
            "raw": raw.decode("utf-8", "replace"),
        },
    }
    body = json.dumps(said).encode()
    return Post(body, headers={"signature": hmac.new(b"right", body, hashlib.sha256).hexdigest()})


def _resend(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    said = {
        "type": "email.received",
        "created_at": "2026-06-01T11:59:00.000Z",
        "data": {
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "created_at": "2026-06-01T11:59:00.000Z",
            "from": str(mail["From"]),
            "to": [recipient],
            "cc": [],
            "bcc": [],
            "message_id": str(mail["Message-ID"]),
            "subject": str(mail["Subject"]),
            "attachments": [
                {"id": "2a0c9ce0", "filename": name, "content_type": kind}
                for name, kind, _ in _files(mail)
            ],
        },
    }
    body = json.dumps(said).encode()
    signed = hmac.digest(_SVIX_KEY, f"msg_1.{_STAMP}.".encode() + body, "sha256")
    heads = {
        "svix-id": "msg_1",
        "svix-timestamp": _STAMP,
        "svix-signature": "v1," + base64.b64encode(signed).decode(),
    }
    return Post(body, headers=heads)


def _ses(raw: bytes, mail: EmailMessage, recipient: str) -> Post:
    told = {
        "notificationType": "Received",
        "mail": {
            "source": "zoe@example.com",
            "timestamp": "2026-06-01T11:59:00.000Z",
            "messageId": "in-1",
            "destination": [recipient],
        },
        "receipt": {
            "recipients": [recipient],
            "spamVerdict": {"status": "PASS"},
            "virusVerdict": {"status": "PASS"},
            "action": {"type": "SNS", "encoding": "BASE64"},
        },
        "content": base64.b64encode(raw).decode(),
    }
    return Post(json.dumps(sns.notify(told)).encode(), "text/plain; charset=UTF-8")


POSTS: dict[str, Callable[[bytes, EmailMessage, str], Post]] = {
    "brevo": _brevo,
    "mailersend": _mailersend,
    "mailgun": _mailgun,
    "mailjet": _mailjet,
    "postmark": _postmark,
    "resend": _resend,
    "ses": _ses,
    "sparkpost": _sparkpost,
}
