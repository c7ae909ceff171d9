"""Writes push messages: one for every live browser and app of a person, with a tracked address."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from kernel.tenancy import current_tenant_id
from messaging.channels.base import Account, OutgoingPush
from messaging.channels.push import PushBundle, PushItem
from messaging.choices import URGENT
from messaging.domain.rendering import PartsTemplate, compile_parts
from messaging.errors import RenderError
from messaging.models import Template
from messaging.queries.devices import list_push_accounts
from messaging.queries.link_domains import find_link_base
from messaging.queries.utm import Tagger
from messaging.services import tokens
from messaging.services.accounts import as_account
from messaging.services.push_tokens import forget_gone
from messaging.services.writers.base import Ready, Writer
from messaging.types import LinkToken, PendingMessage

_SCHEMES = ("https://", "http://")


class PushWriter(Writer):
    """Writes the push messages of one batch."""

    def __init__(self, now: datetime) -> None:
        """Look up where links lead first."""
        del now
        self._accounts: dict[int, Account] = {}
        self._base = find_link_base()
        self._tagger = Tagger()

    def begin(self, messages: Sequence[PendingMessage]) -> None:
        """Look up the accounts that tokens belong to."""
        self._tagger.begin(messages)
        self._accounts = {row.pk: as_account(row) for row in list_push_accounts()}

    def compile(self, template: Template) -> PartsTemplate:
        """Read the Liquid of a push message."""
        content = template.content
        parts = {name: str(content.get(name, "")) for name in ("title", "url", "image")}
        return compile_parts(
            (("text", template.text), *parts.items()),
            must_arrive=template.message_class in URGENT,
        )

    def write(
        self, message: PendingMessage, content: Mapping[str, str], values: Mapping[str, Any]
    ) -> Ready:
        """Put one message together, for each device of the person."""
        del values
        if not content["title"]:
            raise RenderError("the title is empty")
        if content["url"] and not content["url"].startswith(_SCHEMES):
            raise RenderError("its address does not lead to the web")
        url = self._tagger.tag(message)(content["url"])
        outgoing = partial(_outgoing, message, {**content, "url": url}, self._base)
        items = [
            PushItem(
                device.id,
                self._accounts[device.account_id],
                outgoing(device.target),
            )
            for device in message.profile.devices
            if device.account_id in self._accounts
        ]
        if not items:
            raise RenderError("no account reaches their browsers and devices any more")
        noun = "device" if len(items) == 1 else "devices"
        return Ready(
            message, PushBundle(items, forget_gone), f"{len(items)} {noun}", content["title"]
        )


def _outgoing(
    message: PendingMessage, content: Mapping[str, str], base: str, target: str
) -> OutgoingPush:
    link = LinkToken(current_tenant_id(), message.id, content["url"])
    return OutgoingPush(
        target=target,
        title=content["title"],
        body=content["text"],
        url=tokens.click_url(link, base) if content["url"] else "",
        reference=message.reference,
        image=content["image"],
    )
