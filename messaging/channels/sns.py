"""Notifications of Amazon SNS: who signed them, and the answer to "do you want these?".

The certificate that a notification names is believed for where it lies: on a host of SNS, over
TLS. It is kept in this process, so that one is fetched once a day and region.
"""

import base64
import binascii
import re
import threading
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from kernel import clock
from kernel.http import Client, HttpUnavailable
from messaging.channels.base import SignatureInvalid

READ_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 24 * 3600.0
MAX_KEPT: Final = 64
NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
_SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED[CONFIRMATION]
_HOST: Final = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d+\.amazonaws\.com(\.cn)?")
_NAME: Final = re.compile(r"sns(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "1": hashes.SHA1(),  # noqa: S303 what SNS signs with unless its topic says otherwise
    "2": hashes.SHA256(),
}

_certificates: dict[str, tuple[float, x509.Certificate]] = {}
_lock = threading.Lock()


def check_signature(message: Mapping[str, Any]) -> None:
    """Check that SNS made a message.

    Args:
        message: the body of the request.

    Raises:
        SignatureInvalid: it did not, or nothing shows that it did.
        HttpUnavailable: its certificate cannot be had now.
    """
    url, kind = str(message.get("SigningCertURL", "")), str(message.get("Type", ""))
    algorithm = _HASHES.get(str(message.get("SignatureVersion", "")))
    if algorithm is None or kind not in _SIGNED or not is_of_sns(url, suffix=".pem"):
        raise SignatureInvalid("the notification names no certificate of SNS")
    key = _certificate(url).public_key()
    try:
        signature = base64.b64decode(str(message.get("Signature", "")), validate=True)
        if not isinstance(key, RSAPublicKey):
            raise SignatureInvalid("the certificate holds no RSA key")
        key.verify(signature, _signed_text(message, kind), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError) as exc:
        raise SignatureInvalid("the signature is not the one of SNS") from exc


def confirm(message: Mapping[str, Any]) -> None:
    """Say yes to notifications of a topic, whose signature was checked.

    Raises:
        SignatureInvalid: the address does not belong to SNS.
        HttpUnavailable: it cannot be asked now, or refuses.
    """
    url = str(message.get("SubscribeURL", ""))
    if not is_of_sns(url):
        raise SignatureInvalid("the address to confirm does not belong to SNS")
    with Client(READ_SECONDS) as client:
        answer = client.get(url)
    if answer.status != 200:  # noqa: PLR2004 the one success of SNS
        raise HttpUnavailable(f"SNS answered with status {answer.status}")


def is_of_sns(url: str, suffix: str = "") -> bool:
    """Say whether an address lies on a host of SNS, over TLS."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and parts.netloc == host
        and port is None
        and bool(_HOST.fullmatch(host))
        and parts.path.endswith(suffix)
    )


def forget_certificates() -> None:
    """Forget what this process keeps."""
    with _lock:
        _certificates.clear()


def _signed_text(message: Mapping[str, Any], kind: str) -> bytes:
    pairs = [(name, message[name]) for name in _SIGNED[kind] if message.get(name) is not None]
    return "".join(f"{name}\n{value}\n" for name, value in pairs).encode()


def _certificate(url: str) -> x509.Certificate:
    now = time.monotonic()
    kept = _certificates.get(url)
    if kept is not None and now - kept[0] < KEPT_SECONDS:
        return kept[1]
    found = _fetch(url)
    with _lock:
        if len(_certificates) >= MAX_KEPT:
            _certificates.clear()
        _certificates[url] = (now, found)
    return found


def _fetch(url: str) -> x509.Certificate:
    with Client(READ_SECONDS) as client:
        answer = client.get(url)
    if answer.status != 200:  # noqa: PLR2004 the one success
        raise HttpUnavailable(f"the certificate cannot be had: status {answer.status}")
    try:
        found = x509.load_pem_x509_certificate(answer.body)
    except ValueError as exc:
        raise SignatureInvalid("the certificate cannot be read") from exc
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    is_named = any(_NAME.fullmatch(str(each.value)) for each in names)
    if not is_named or not found.not_valid_before_utc <= clock.now() <= found.not_valid_after_utc:
        raise SignatureInvalid("the certificate is not one of SNS, or has run out")
    return found
