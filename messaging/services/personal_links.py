"""Variables that say who writes, and where the recipient can say stop."""

from collections.abc import Sequence

from crm.choices import Channel
from crm.services.addresses import address_hash
from kernel.tenancy import current_tenant_id
from messaging.queries.brand import look_of_brand
from messaging.queries.link_domains import find_link_base
from messaging.queries.sender_rules import as_from
from messaging.queries.sending import find_default_sender
from messaging.services import tokens
from messaging.services.marking import address_of_test
from messaging.types import MailboxToken, PendingMessage, RecipientToken

SECRET = frozenset({"confirm_url", "data_url"})
"""Variables whose links are for the mailbox alone: no tracked link may carry them on."""


def sender_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, str]]:
    """``sender``: name, email (where to write to) and postal_address of the merchant."""
    senders = {each.id: each.sender for each in messages}
    if None in senders.values():
        default = find_default_sender()
        usual = as_from(default) if default is not None else None
        senders = {message_id: one or usual for message_id, one in senders.items()}
    postal_address = look_of_brand().postal_address
    # One value a sender: what is written to everybody alike knows it by identity.
    said = {
        one: {
            "name": one.name,
            "email": one.reply_to or one.email,
            "postal_address": one.postal_address or postal_address,
        }
        for one in set(senders.values())
        if one is not None
    }
    return {message_id: said[one] for message_id, one in senders.items() if one is not None}


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


def rate_values(messages: Sequence[PendingMessage]) -> dict[int, str]:
    """``rate_url``: the page on which one recipient gives the order of the message its stars."""
    base = find_link_base()
    return {message.id: tokens.rate_url(recipient_token(message), base) for message in messages}


def return_values(messages: Sequence[PendingMessage]) -> dict[int, str]:
    """``return_url``: the page on which one recipient sends the order of the message back."""
    base = find_link_base()
    return {message.id: tokens.return_url(recipient_token(message), base) for message in messages}


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
