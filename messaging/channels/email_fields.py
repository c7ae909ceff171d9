"""What most mail providers ask of a merchant, in the same words."""

from typing import Final

from messaging.channels.anymail_callbacks import LOGIN
from messaging.channels.base import CredentialField
from messaging.channels.email_hosts import EU, US


def secret(name: str, label: str, words: str, *, is_required: bool = True) -> CredentialField:
    """Return a field for a key that is never shown again."""
    return CredentialField(
        name=name, label=label, help=words, is_secret=True, is_required=is_required
    )


def option(name: str, label: str, words: str, *, is_required: bool = False) -> CredentialField:
    """Return a field for what is no secret."""
    return CredentialField(
        name=name, label=label, help=words, is_secret=False, is_required=is_required
    )


CALLBACK_LOGIN: Final = secret(
    LOGIN,
    "Name and password of callbacks",
    "Optional, as name:password. When set, put the same into the callback address at the provider "
    "(https://name:password@…); callbacks without it are refused.",
    is_required=False,
)
REGION: Final = option("region", "Region", f"{US} or {EU}: where your account was made.")
REPLY_ADDRESS: Final = option(
    "reply_address",
    "Address for replies",
    "Where replies come in at this provider, such as replies@shop.example, or a domain of which "
    "every address does. What people answer is then shown under Conversations. Empty: replies go "
    "to the sender's own mailbox.",
)
