"""Mails as people, machines and mail servers write them."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage

FROM = "Zoe Lee <zoe@example.com>"


def letter(
    text: str = "",
    *,
    to: str = "replies@shop.example",
    html: str = "",
    files: Sequence[tuple[str, bytes]] = (),
    heads: Mapping[str, str] | None = None,
) -> bytes:
    """Return a mail that somebody wrote."""
    mail = EmailMessage()
    plain = {
        "From": FROM,
        "To": to,
        "Subject": "Re: Hello Ada",
        "Message-ID": "<zoe-1@mail.example.com>",
        "Date": "Mon, 01 Jun 2026 11:59:00 +0000",
    }
    for name, value in {**plain, **(heads or {})}.items():
        mail[name] = value
    if text or not html:
        mail.set_content(text)
    if html and text:
        mail.add_alternative(html, subtype="html")
    elif html:
        mail.set_content(html, subtype="html")
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def bounce(
    reply_to: str,
    action: str = "failed",
    status: str = "5.1.1",
    *,
    to: str = "replies@shop.example",
    kind: str = "delivery-status",
) -> bytes:
    """Return what a mail server writes of a mail that it could not deliver (RFC 3464)."""
    lines = [
        "From: MAILER-DAEMON@mx.example",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        "Message-ID: <dsn-1@mx.example>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind}; boundary="b1"',
        "",
        "--b1",
        "Content-Type: text/plain",
        "",
        "I am sorry to tell you.",
        "",
        "--b1",
        f"Content-Type: message/{kind}",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        "Final-Recipient: rfc822; zoe@example.com",
        f"Action: {action}",
        f"Status: {status}",
        "Diagnostic-Code: smtp; 550 no such user here",
        "",
        "--b1",
        "Content-Type: text/rfc822-headers",
        "",
        "From: Ada Soap <hello@shop.example>",
        "To: zoe@example.com",
        f"Reply-To: {reply_to}",
        "X-Patron-Message: 1-1",
        "Subject: Hello",
        "",
        "--b1--",
        "",
    ]
    return "\r\n".join(lines).encode()
