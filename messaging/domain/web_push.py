"""Encryption of web push messages (RFC 8291) and the signature of who sends them (RFC 8292). Pure.

A message can be read by one browser alone, and by no push service on its way.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

RECORD_BYTES: Final = 4096
SALT_BYTES: Final = 16
SECRET_BYTES: Final = 16
"""Of the secret that a browser hands out with its key."""
NUMBER_BYTES: Final = 32
"""Of a private key, and of each half of a signature."""
_LAST_RECORD: Final = b"\x02"
_SERVICES: Final = ("fcm.googleapis.com", "web.push.apple.com")
_SERVICES_UNDER: Final = (".push.services.mozilla.com", ".notify.windows.com")
"""Of Chrome, Safari, Firefox and Edge: a subscription of any other host is none of a browser."""
_LOOPBACK: Final = "127.0.0.1"


def is_push_service(endpoint: str, *, allow_loopback: bool = False) -> bool:
    """Say whether an address is one that a browser's maker takes push messages at.

    Whoever subscribes chooses the address; another one would let them choose what a worker asks.

    Args:
        endpoint: as the browser tells it.
        allow_loopback: also take this machine, for stand-ins.
    """
    try:
        found = urlsplit(endpoint)
        host, port = found.hostname or "", found.port
    except ValueError:
        return False
    if allow_loopback and host == _LOOPBACK:
        return True
    is_plain = found.scheme == "https" and port in (None, 443) and "@" not in found.netloc
    return is_plain and (host in _SERVICES or host.endswith(_SERVICES_UNDER))


def encrypt(
    plain: bytes, point: str, secret: str, *, salt: bytes, key: ec.EllipticCurvePrivateKey
) -> bytes:
    """Return a message as its browser reads it (content encoding ``aes128gcm``).

    Args:
        plain: in one record, so fewer than 4,000 bytes.
        point: ``p256dh`` of the subscription, base64url.
        secret: ``auth`` of the subscription, base64url.
        salt: 16 random bytes, never used before.
        key: made for this message alone.

    Raises:
        ValueError: the keys of the subscription cannot be read.
    """
    theirs, shared_secret = from_base64url(point), from_base64url(secret)
    if len(shared_secret) != SECRET_BYTES:
        raise ValueError("the secret of a subscription has 16 bytes")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
    own = _point_of(key)
    agreed = key.exchange(ec.ECDH(), public)
    material = _derive(agreed, shared_secret, b"WebPush: info\0" + theirs + own, 32)
    cipher = AESGCM(_derive(material, salt, b"Content-Encoding: aes128gcm\0", 16))
    nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(own)]) + own
    return head + cipher.encrypt(nonce, plain + _LAST_RECORD, None)


def make_key_pair() -> tuple[str, str]:
    """Return a private and a public key, base64url as browsers take the public one."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_numbers().private_value.to_bytes(NUMBER_BYTES, "big")
    return to_base64url(private), to_base64url(_point_of(key))


def sign_vapid(private_key: str, claims: Mapping[str, Any]) -> str:
    """Return the ``Authorization`` header of a request to a push service.

    Args:
        private_key: as `make_key_pair` returns it.
        claims: ``aud``, ``exp`` (seconds since 1970) and ``sub``.

    Raises:
        ValueError: the key cannot be read.
    """
    number = int.from_bytes(from_base64url(private_key), "big")
    key = ec.derive_private_key(number, ec.SECP256R1())
    text = f"{_part({'typ': 'JWT', 'alg': 'ES256'})}.{_part(claims)}"
    halves = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    signature = b"".join(half.to_bytes(NUMBER_BYTES, "big") for half in halves)
    token = f"{text}.{to_base64url(signature)}"
    return f"vapid t={token}, k={to_base64url(_point_of(key))}"


def to_base64url(raw: bytes) -> str:
    """Write bytes as browsers do, without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Read what browsers write.

    Raises:
        ValueError: it is not base64url.
    """
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def _point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _part(value: Mapping[str, Any]) -> str:
    return to_base64url(json.dumps(value, separators=(",", ":")).encode())
