"""Variables that say who writes, and where the recipient can say stop."""

from collections.abc import Sequence

from crm.choices import Channel
from crm.services.addresses import address_hash
from kernel.tenancy import current_tenant_id
from messaging.queries.brand import look_of_brand
from messaging.queries.link_domains import find_link_base
from messaging.queries.sending import find_default_sender
from messaging.services import tokens
from messaging.services.marking import address_of_test
from messaging.types import MailboxToken, PendingMessage, RecipientToken

SECRET = frozenset({"confirm_url", "data_url"})
"""Variables whose links are for the mailbox alone: no tracked link may carry them on."""


def sender_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, str]]:
    """``sender``: name, email (where to write to) and postal_address of the merchant."""
    sender = find_default_sender()
    if sender is None:
        return {}
    value = {
        "name": sender.name,
        "email": sender.reply_to or sender.email,
        "postal_address": sender.postal_address or look_of_brand().postal_address,
    }
    return {message.id: value for message in messages}


def unsubscribe_values(messages: Sequence[PendingMessage]) -> dict[int, str]:
    """``unsubscribe_url``: the page on which one recipient ends promotional mail."""
    base = find_link_base()
    return {
        message.id: tokens.unsubscribe_url(recipient_token(message), base) for message in messages
    }


def preferences_values(messages: Sequence[PendingMessage]) -> dict[int, str]:
    """``preferences_url``: the page that shows and changes what one recipient gets."""
    base = find_link_base()
    return {
        message.id: tokens.preferences_url(recipient_token(message), base) for message in messages
    }


def confirm_values(messages: Sequence[PendingMessage]) -> dict[int, str]:
    """``confirm_url``: the page on which one recipient confirms a subscription."""
    base = find_link_base()
    return {message.id: tokens.confirm_url(_mailbox_token(message), base) for message in messages}


def copy_values(messages: Sequence[PendingMessage]) -> dict[int, str]:
    """``data_url``: the page from which one recipient downloads what is kept of them."""
    base = find_link_base()
    return {message.id: tokens.copy_url(_mailbox_token(message), base) for message in messages}


def _mailbox_token(message: PendingMessage) -> MailboxToken:
    digest = address_hash(Channel.EMAIL.value, message.profile.email)
    profile_id = 0 if address_of_test(message.context) else message.profile.id
    return MailboxToken(current_tenant_id(), profile_id, digest)


def recipient_token(message: PendingMessage) -> RecipientToken:
    """Return what the personal addresses of a message carry; those of a test are nobody's."""
    profile_id = 0 if address_of_test(message.context) else message.profile.id
    return RecipientToken(current_tenant_id(), profile_id, message.id)
