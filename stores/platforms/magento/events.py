"""Adobe I/O Events: how an event is signed, and what it is about.

An event is signed with an RSA key whose public half lies on a host of Adobe, so that it is checked
by the worker that fetches what the event is about, not while Adobe waits. What an event carries
besides the id is not believed: the shop itself is asked.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kernel.http import Client
from stores.errors import PullUnavailable
from stores.platforms.fields import Json, child, text

KEY_HOST: Final = "https://static.adobeioevents.com"
KEY_PATH: Final = re.compile(r"/[a-z]{1,20}/keys/[\w-]{1,100}\.pem")
KEY_PATHS: Final = {
    "x-adobe-digital-signature-1": "x-adobe-public-key1-path",
    "x-adobe-digital-signature-2": "x-adobe-public-key2-path",
}
"""Headers of the two signatures, and of the paths of their keys."""
MAX_KEYS: Final = 100
MAX_LENGTH: Final = 2000
_ID: Final = re.compile(r"\d{1,18}")
_ABOUT: Final = {
    "sales_order_creditmemo": ("order", "order_id"),
    "sales_order_shipment": ("order", "order_id"),
    "sales_order_save": ("order", "entity_id"),
    "sales_order_delete": ("order", "entity_id"),
    "customer_save": ("customer", "entity_id"),
    "customer_register": ("customer", "entity_id"),
    "customer_address_save": ("customer", "customer_id"),
    "catalog_product_save": ("product", "entity_id"),
    "catalog_product_delete": ("product", "entity_id"),
}
"""What the name of an event says it is about, and under which name the id stands."""
TOPICS: Final = (
    "observer.sales_order_save_commit_after",
    "observer.sales_order_creditmemo_save_after",
    "observer.sales_order_shipment_save_after",
    "observer.customer_save_commit_after",
    "observer.catalog_product_save_commit_after",
    "observer.catalog_product_delete_commit_after",
)
"""What to subscribe to."""

_keys: dict[str, RSAPublicKey] = {}


def name_object(event: Json) -> str:
    """Return what an event is about, such as ``order:15``; empty where it is of no use."""
    kind = text(event, "type")
    data = child(event, "data")
    value = child(data, "value") or data
    for part, (found, name) in _ABOUT.items():
        if part in kind:
            number = text(value, name) or (text(value, "id") if name == "entity_id" else "")
            return f"{found}:{number}" if _ID.fullmatch(number) else ""
    return ""


def is_genuine(body: bytes, headers: Mapping[str, str], client: Client) -> bool:
    """Say whether one of the two signatures of an event is Adobe's.

    Raises:
        PullUnavailable, HttpUnavailable: the key cannot be fetched now.
    """
    pairs = [(headers.get(name), headers.get(path)) for name, path in KEY_PATHS.items()]
    return any(
        _is_signed(body, signature, _load_key(path, client))
        for signature, path in pairs
        if signature and path and KEY_PATH.fullmatch(path)
    )


def _is_signed(body: bytes, signature: str, key: RSAPublicKey | None) -> bool:
    if key is None:
        return False
    try:
        key.verify(base64.b64decode(signature, validate=True), body, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _load_key(path: str, client: Client) -> RSAPublicKey | None:
    """Return a public key of Adobe; what a path leads to never changes."""
    if path in _keys:
        return _keys[path]
    answer = client.get(KEY_HOST + path)
    if answer.status == 404:  # noqa: PLR2004 not found
        return None
    if answer.status != 200:  # noqa: PLR2004 OK
        raise PullUnavailable(f"Adobe does not show the key of its signature ({answer.status})")
    try:
        key = load_pem_public_key(answer.body)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey):
        return None
    if len(_keys) >= MAX_KEYS:
        _keys.clear()
    _keys[path] = key
    return key
