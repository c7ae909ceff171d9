"""What shows that a site or app may say who somebody is when it asks for push messages.

A write key lies open in pages, so whoever reads it can name any customer. The shop's server signs
the customer's id with a secret that never leaves it; who shows that hash is the customer, as far
as the shop knows.
"""

import hashlib
import hmac
from typing import Final

from django.conf import settings
from django.utils.crypto import salted_hmac

from kernel.scope import current_tenant_id

_SALT: Final = "stores.push_proof"


def push_secret() -> str:
    """Return the secret of the active tenant, for its servers alone."""
    return _derive(settings.SECRET_KEY)


def proves(user_id: str, user_hash: str) -> bool:
    """Say whether a hash is the HMAC-SHA256 of a customer id with the active tenant's secret.

    Args:
        user_id: as it was signed.
        user_hash: hexadecimal, in any case.
    """
    given = user_hash.strip().lower().encode()
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return bool(user_id) and any(
        hmac.compare_digest(_sign(user_id, _derive(key)), given) for key in keys
    )


def _sign(user_id: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), user_id.encode(), hashlib.sha256).hexdigest().encode()


def _derive(key: str) -> str:
    name = str(current_tenant_id())
    return salted_hmac(_SALT, name, secret=key, algorithm="sha256").hexdigest()
