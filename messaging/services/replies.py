"""Where replies to a mail come back to, and the thread that an answer belongs to."""

import re
from collections.abc import Collection
from typing import Any, Final, NamedTuple

from crm.choices import Channel
from kernel.tenancy import current_tenant_id
from messaging.domain.mime import clean_header
from messaging.domain.reply_addresses import find_reply_address
from messaging.queries.accounts import list_default_accounts
from messaging.services.marking import address_of_test
from messaging.services.reply_tokens import BOUNCE, LEAVE, REPLY, ReplyToken, write_tag
from messaging.types import PendingMessage

_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")


class Thread(NamedTuple):
    """What an answer carries of the mail that it answers; both may be empty."""

    subject: str
    references: tuple[str, ...]


class Replies:
    """The addresses of the mails of one batch, which leave over the default account."""

    def __init__(self) -> None:
        """Look up whether replies are taken in."""
        accounts = list_default_accounts([Channel.EMAIL.value])
        said = accounts[0].options.get("reply_address") if accounts else ""
        self._place = find_reply_address(said)
        self._is_own_server = bool(accounts) and accounts[0].provider == "smtp"
        self._tenant_id = current_tenant_id()

    def address(self, message: PendingMessage) -> str:
        """Return where replies to a message go; empty where none are taken in."""
        return self._tagged(message, REPLY)

    def leaving(self, message: PendingMessage) -> str:
        """Return to which address a mail unsubscribes its recipient; empty where none does."""
        return self._tagged(message, LEAVE)

    def bounces(self, message: PendingMessage, domains: Collection[str]) -> str:
        """Return where reports on a mail come back to, by its envelope; empty: where they did.

        Args:
            message: of the batch.
            domains: that envelopes may name: another one may forbid our server to write from it.
        """
        if not self._is_own_server or self._place is None or self._place.domain not in domains:
            return ""
        return self._tagged(message, BOUNCE)

    def _tagged(self, message: PendingMessage, purpose: str) -> str:
        if self._place is None or address_of_test(message.context):
            return ""
        return self._place.tagged(write_tag(self._tenant_id, ReplyToken(purpose, message.id)))


def thread_of(message: PendingMessage) -> Thread:
    """Return the thread that a message belongs to, as its context says it."""
    said: Any = message.context.get("thread")
    if not isinstance(said, dict):
        return Thread("", ())
    named = [str(each) for each in said.get("references") or ()]
    references = tuple(each for each in named if _ID.fullmatch(each))
    return Thread(clean_header(str(said.get("subject") or "")), references)
