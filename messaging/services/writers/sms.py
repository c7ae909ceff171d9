"""Writes SMS: short tracked links, how to stop, a sender of the recipient's country, and parts."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from crm.choices import Channel
from kernel.tenancy import current_tenant_id
from messaging.channels.base import OutgoingText
from messaging.channels.senders import sender_for
from messaging.choices import URGENT
from messaging.domain.keywords import has_opt_out, languages_of, opt_out_words
from messaging.domain.numbers import country_of
from messaging.domain.rendering import PartsTemplate, compile_parts
from messaging.domain.sms_text import MOST_PARTS, measure, spell_plainly
from messaging.errors import RenderError
from messaging.models import Template
from messaging.queries.accounts import list_default_accounts
from messaging.queries.link_domains import find_link_base
from messaging.queries.sending import list_store_urls
from messaging.queries.utm import Tagger
from messaging.services.gating import MARKETING
from messaging.services.short_links import LinkBook
from messaging.services.writers.base import Ready, Writer
from messaging.types import PendingMessage
from tenants.queries import get_tenant

SHOWN = 80
"""Letters of a text that lists show."""
NO_WORDS = "none"
"""Option of an account that leaves the words about stopping to the merchant's templates."""
_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_HOST = re.compile(r"[\w.:-]+")
_AFTER_LINK = ".,;:!?)]}'"
"""What ends a sentence and no address."""


class SmsWriter(Writer):
    """Writes the SMS of one batch; `finish` keeps their links."""

    def __init__(self, now: datetime) -> None:
        """Look up the account and where the merchant is."""
        accounts = list_default_accounts([Channel.SMS.value])
        self._options: Mapping[str, Any] = accounts[0].options if accounts else {}
        self._country = get_tenant(current_tenant_id()).country
        base = find_link_base()
        self._links = LinkBook(now, base)
        self._tagger = Tagger()
        own = (settings.PUBLIC_URL, base, *list_store_urls())
        self._hosts = {_host_of(url) for url in own} - {""}

    def begin(self, messages: Sequence[PendingMessage]) -> None:
        """Look up what the links of the batch say of it."""
        self._tagger.begin(messages)

    def compile(self, template: Template) -> PartsTemplate:
        """Read the Liquid of a text."""
        hosts = {_host_of(found) for found in _LINK.findall(template.text)}
        return compile_parts(
            (("text", template.text), ("hosts", " ".join(sorted(hosts)))),
            must_arrive=template.message_class in URGENT,
        )

    def write(
        self, message: PendingMessage, content: Mapping[str, str], values: Mapping[str, Any]
    ) -> Ready:
        """Put one SMS together."""
        del values
        text = content["text"]
        if not text:
            raise RenderError("the text is empty")
        hosts = self._hosts | set(content["hosts"].split())
        text = spell_plainly(self._shorten(message, self._with_opt_out(message, text), hosts))
        size = measure(text)
        if size.parts > MOST_PARTS:
            raise RenderError(f"it takes {size.parts} SMS; {MOST_PARTS} is the most")
        number = message.address
        country = country_of(number)
        outgoing = OutgoingText(
            to=number,
            sender=str(message.context.get("from") or "") or sender_for(self._options, country),
            text=text,
            reference=message.reference,
            country=country,
        )
        return Ready(message, outgoing, number, content["text"][:SHOWN], parts=size.parts)

    def finish(self) -> None:
        """Keep the short links of the batch."""
        self._links.save()

    def _with_opt_out(self, message: PendingMessage, text: str) -> str:
        """Return marketing with the words that tell how to stop, unless it says so itself."""
        own = str(self._options.get("opt_out") or "").strip()
        is_told = own.lower() == NO_WORDS or has_opt_out(text)
        if message.message_class not in MARKETING or is_told:
            return text
        spoken = languages_of(self._country, [message.profile.locale])
        return f"{text} {own or opt_out_words(spoken[0])}"

    def _shorten(self, message: PendingMessage, text: str, hosts: Collection[str]) -> str:
        """Shorten links to hosts of the merchant's choice: a value may be anybody's words."""
        tag = self._tagger.tag(message)

        def replace(found: re.Match[str]) -> str:
            address = found[0].rstrip(_AFTER_LINK)
            if _host_of(address) not in hosts:
                return found[0]
            rest = found[0][len(address) :]
            return self._links.shorten(message.id, tag(address)) + rest

        return _LINK.sub(replace, text)


def _host_of(address: str) -> str:
    """Return the host of a link with its port; empty where it is no plain one."""
    try:
        host = urlsplit(address).netloc.lower()
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""
