"""DKIM: signs a mail, so that its reader's server knows that the domain sent it.

Source: RFC 6376 (rsa-sha256, relaxed/relaxed) and RFC 8301 (keys of 2048 bits).
"""

import base64
import functools
import hashlib
import re
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from messaging.types import DkimKey

KEY_BITS: Final = 2048
SIGNED: Final = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mime-version",
    "content-type",
)
_SPACE = re.compile(rb"[ \t]+")


def make_keys() -> tuple[str, str]:
    """Return a new private key as PEM, and its public one as the record says it (base64)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), base64.b64encode(public).decode()


def sign_mail(content: bytes, key: DkimKey, at: datetime) -> bytes:
    """Return a mail with its signature in front.

    Args:
        content: whole mail with CRLF line ends.
        key: of the domain in its From.
        at: aware; when it is signed.
    """
    head, _, body = content.partition(b"\r\n\r\n")
    headers = _unfold(head)
    names = [name for name, _ in headers if name in SIGNED]
    digest = base64.b64encode(hashlib.sha256(_relax_body(body)).digest()).decode()
    value = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={key.domain}; s={key.selector}; "
        f"t={int(at.timestamp())}; h={':'.join(names)}; bh={digest}; b="
    )
    lines = [_relax_header(name, text) for name, text in headers if name in SIGNED]
    signed = b"".join(line + b"\r\n" for line in lines)
    signed += _relax_header("dkim-signature", value.encode())
    signature = _load(key.private_key).sign(signed, padding.PKCS1v15(), hashes.SHA256())
    whole = value + base64.b64encode(signature).decode()
    return _fold(f"DKIM-Signature: {whole}").encode() + b"\r\n" + content


def _unfold(head: bytes) -> list[tuple[str, bytes]]:
    lines = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    parts = (line.partition(b":") for line in lines)
    return [(name.decode("ascii").strip().lower(), value) for name, _, value in parts]


def _relax_header(name: str, value: bytes) -> bytes:
    return name.encode() + b":" + _SPACE.sub(b" ", value).strip()


def _relax_body(body: bytes) -> bytes:
    lines = [_SPACE.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    text = b"\r\n".join(lines).rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def _fold(line: str) -> str:
    """Break a header at its parts and its long last value, where white space does not count."""
    head, _, signature = line.rpartition("b=")
    pieces = [signature[at : at + 70] for at in range(0, len(signature), 70)]
    return head.replace("; h=", ";\r\n h=").replace("; bh=", ";\r\n bh=").rstrip() + (
        "\r\n b=" + "\r\n ".join(pieces)
    )


@functools.lru_cache(maxsize=256)
def _load(private_key: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the key is not RSA")
    return key
