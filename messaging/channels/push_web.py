"""Web push (RFC 8030, 8291 and 8292): one encrypted request to the push service of each browser.

Every account has a key pair of its own (VAPID), made when it is connected: a subscription is good
for the key alone that it was made with.
"""

import json
import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from kernel import clock
from kernel.http import Answer, Client, HttpUnavailable
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    CredentialField,
    Handed,
    OutgoingPush,
    Provider,
)
from messaging.channels.push import (
    MAX_BYTES,
    READ_SECONDS,
    SENDERS,
    TOTAL_SECONDS,
    PushGone,
    explain,
    open_push,
    retry_after,
)
from messaging.domain.web_push import (
    SALT_BYTES,
    encrypt,
    is_push_service,
    make_key_pair,
    sign_vapid,
)

NAME: Final = "web"
NOBODY: Final = "postmaster@localhost.localdomain"
"""Whom a push service would write to where the account names nobody."""
TOKEN_SECONDS: Final = 12 * 3600
"""How long a signature is good; at most 24 hours are allowed."""
MOST_BYTES: Final = 3_500
"""Of what is encrypted: push services take 4,096 bytes at least, encryption included."""
_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_LATER: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)


def make_keys(credentials: Mapping[str, str]) -> dict[str, str]:
    """Return a key pair, base64url as browsers take it; that of before where there is one."""
    if credentials.get("private_key"):
        return {name: credentials[name] for name in ("private_key", "public_key")}
    private_key, public_key = make_key_pair()
    return {"private_key": private_key, "public_key": public_key}


def send_web(account: Account, message: OutgoingPush) -> Handed:
    """Hand one message to the push service of one browser."""
    endpoint, body = _encrypt(message)
    if not is_push_service(endpoint, allow_loopback=settings.OUTGOING_PRIVATE):
        raise PushGone("its address is none of a push service")
    headers = {
        "TTL": str(message.ttl_seconds),
        "Urgency": "normal",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Authorization": _sign(account, endpoint),
    }
    try:
        with Client(READ_SECONDS, total_seconds=TOTAL_SECONDS, max_bytes=MAX_BYTES) as client:
            answer = client.post(endpoint, body, headers=headers)
    except HttpUnavailable as exc:
        raise explain(exc) from exc
    return _judge(answer)


def check(account: Account) -> str:
    """Say what is wrong with the keys; nobody but browsers can be asked."""
    try:
        _sign(account, "https://push.example/")
    except ChannelRejected:
        return "The key pair of this account cannot be read. Connect a new account."
    return ""


def _encrypt(message: OutgoingPush) -> tuple[str, bytes]:
    shown = {
        "title": message.title,
        "body": message.body,
        "url": message.url,
        "image": message.image,
        "reference": message.reference,
    }
    data = json.dumps(shown, ensure_ascii=False).encode()
    if len(data) > MOST_BYTES:
        raise ChannelRejected(f"it has {len(data):,} bytes; push services take {MOST_BYTES:,}")
    try:
        subscription = json.loads(message.target)
        endpoint, keys = str(subscription["endpoint"]), subscription["keys"]
        key = ec.generate_private_key(ec.SECP256R1())
        body = encrypt(data, keys["p256dh"], keys["auth"], salt=os.urandom(SALT_BYTES), key=key)
    except (ValueError, KeyError, TypeError) as exc:
        raise PushGone(f"the subscription cannot be read: {exc}") from exc
    return endpoint, body


def _sign(account: Account, endpoint: str) -> str:
    home = urlsplit(endpoint)
    contact = str(account.options.get("contact") or NOBODY)
    claims = {
        "aud": f"{home.scheme}://{home.netloc}",
        "exp": int(clock.now().timestamp()) + TOKEN_SECONDS,
        "sub": contact if ":" in contact else f"mailto:{contact}",
    }
    try:
        return sign_vapid(account.credentials["private_key"], claims)
    except (ValueError, KeyError) as exc:
        raise ChannelRejected(f"cannot be signed: {exc}") from exc


def _judge(answer: Answer) -> Handed:
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Handed(answer.headers.get("Location", ""))
    words = f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')}".strip()
    if answer.status in _GONE:
        raise PushGone(words)
    if answer.status in _LATER or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ChannelDeferred(words, retry_after=retry_after(answer))
    raise ChannelRejected(words)


SENDERS[NAME] = send_web
PROVIDER: Final = Provider(
    channel="push",
    name=NAME,
    label="Web push",
    credentials=(
        CredentialField(
            "private_key",
            "Private key (VAPID)",
            "Left empty, a key pair is made. Browsers that subscribed with another key are lost.",
            is_required=False,
        ),
        CredentialField(
            "public_key",
            "Public key (VAPID)",
            "Belongs to the private key.",
            is_secret=False,
            is_required=False,
        ),
    ),
    options=(
        CredentialField(
            "contact",
            "Contact",
            "Email address that push services write to when something is wrong.",
            is_secret=False,
            is_required=False,
        ),
    ),
    open=open_push,
    check=check,
    complete=make_keys,
)
