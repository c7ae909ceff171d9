"""OAuth 1.0a: signing a GET with a consumer's key, and with a token where there is one.

Source: RFC 5849, 3.4.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from kernel import clock


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs; without a token its two parts are empty."""

    consumer_key: str
    consumer_secret: str
    token: str = ""
    token_secret: str = ""


def sign(url: str, params: Mapping[str, str], keys: Keys, method: str = "GET") -> dict[str, str]:
    """Return the OAuth parameters of a request, the signature among them.

    Args:
        url: without a query.
        params: of the query, in the clear.
        keys: who signs.
        method: a body of JSON is not signed.
    """
    oauth = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(clock.now().timestamp())),
    }
    if keys.token:
        oauth |= {"oauth_token": keys.token, "oauth_version": "1.0"}
    pairs = sorted((escape(name), escape(value)) for name, value in {**params, **oauth}.items())
    asked = "&".join(f"{name}={value}" for name, value in pairs)
    content = f"{method}&{escape(url)}&{escape(asked)}"
    key = f"{escape(keys.consumer_secret)}&{escape(keys.token_secret)}"
    digest = hmac.digest(key.encode(), content.encode(), "sha256")
    return {**oauth, "oauth_signature": base64.b64encode(digest).decode()}


def spell_header(oauth: Mapping[str, str]) -> str:
    """Return OAuth parameters as the header ``Authorization``."""
    parts = (f'{escape(name)}="{escape(value)}"' for name, value in sorted(oauth.items()))
    return f"OAuth {', '.join(parts)}"


def escape(text: str) -> str:
    """Return text as OAuth writes it in what is signed."""
    return quote(text, safe="-._~")
