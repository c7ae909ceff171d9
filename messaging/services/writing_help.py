"""Writing help: chosen by a member, asked outside of transactions, taken by a member alone.

A proposal changes nothing: it is shown beside the words that stand there, and whoever takes it
saves the template as ever. What was asked and what was taken is kept in the audit trail, without
the words themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.db import transaction

from crm.queries.shelves import find_titles
from kernel import clock
from kernel.errors import Conflict, Invalid
from kernel.http import may_be_asked
from kernel.secrets import encrypt
from messaging.domain.blocks import find_blocks
from messaging.domain.writing_help import Wish, parts_of, read_proposals, write_request
from messaging.errors import TemplateInvalid, WritingUnavailable
from messaging.models import WritingHelp
from messaging.queries.writing_help import find_helper
from messaging.services.checking import check_variables, compile_short
from tenants.services import audit

MAX_URL = 500
MAX_MODEL = 200
MAX_TONE = 1_000
MAX_KEY = 1_000
MAX_PRODUCTS = 6


@dataclass(frozen=True, slots=True)
class HelpData:
    """What a member chooses.

    Attributes:
        key: empty keeps the one that is stored.
    """

    is_on: bool
    base_url: str
    model: str
    key: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came back.

    Attributes:
        proposals: words that can be taken as they are.
        unfit: how many named a value that nobody knows, and are left out.
    """

    proposals: Sequence[str]
    unfit: int


@transaction.atomic
def save_settings(data: HelpData, *, actor: str) -> None:
    """Choose where words are asked for, or switch it off.

    Raises:
        Invalid: an address that may not be asked, no model, or a key that is missing because the
            address leads to another host than the one it was given for; ``fields`` says which.
    """
    row = WritingHelp.objects.select_for_update(no_key=True).first()
    values = _checked(data, row)
    before = _said(row) if row is not None else None
    key = encrypt(data.key.strip()) if data.key.strip() else (row.key_encrypted if row else "")
    if row is None:
        row = WritingHelp(**values, key_encrypted=key, changed_at=clock.now())
        row.save(force_insert=True)
    elif {name: getattr(row, name) for name in values} == values and not data.key.strip():
        return
    else:
        WritingHelp.objects.filter(pk=row.pk).update(
            **values, key_encrypted=key, changed_at=clock.now()
        )
        row.refresh_from_db()
    after = _said(row) | ({"key": "entered"} if data.key.strip() else {})
    audit.record(
        "writing_help.changed", "writing_help", row.pk, before=before, after=after, actor=actor
    )


def propose(template_id: int, wish: Wish, mjml: str, *, actor: str) -> Proposed:
    """Ask for words for one part of a message; not to be called in a transaction.

    Args:
        template_id: of the tenant, which the audit trail names.
        wish: what is wanted; the names of products are added here.
        mjml: the mail as it is being written; empty on other channels.
        actor: e-mail address of the member.

    Raises:
        Conflict: there is no writing help, or no such part on the channel.
        WritingUnavailable: no words came, in words for people; the audit trail has it too.
    """
    part = parts_of(wish.channel).get(wish.part)
    with transaction.atomic():
        found = find_helper()
        if found is None or part is None:
            raise Conflict("Writing help is switched off. Nothing was asked.")
        wish = replace(wish, products=_product_names(mjml))
    helper, chosen = found
    rules, told = write_request(wish, chosen.tone)
    outcome = "no answer"
    try:
        listed = read_proposals(helper.ask(rules, told), part, wish.old)
        if not listed:
            host = urlsplit(chosen.base_url).hostname
            words = f"The answer of {host} holds no proposal. Ask again, or choose another model."
            raise WritingUnavailable(words)
        fitting = [each for each in listed if _fits(each)]
        outcome = f"{len(fitting)} proposed"
    finally:
        _record_asked(template_id, wish, chosen.base_url, (chosen.model, outcome), actor)
    return Proposed(fitting, len(listed) - len(fitting))


def record_taken(template_id: int, parts: Sequence[str], *, actor: str) -> None:
    """Note that saved words were proposed; joins the transaction that saves them."""
    audit.record(
        "writing_help.taken", "template", template_id, after={"parts": list(parts)}, actor=actor
    )


@transaction.atomic
def _record_asked(
    template_id: int, wish: Wish, base_url: str, answered: tuple[str, str], actor: str
) -> None:
    model, outcome = answered
    after = {
        "part": wish.part,
        "host": urlsplit(base_url).hostname or "",
        "model": model,
        "tells_people": wish.tells_people,
        "outcome": outcome,
    }
    audit.record("writing_help.asked", "template", template_id, after=after, actor=actor)


def _product_names(mjml: str) -> tuple[str, ...]:
    """Return the names of the products that a mail shows by choice, a few at most."""
    try:
        blocks = find_blocks(mjml)
    except TemplateInvalid:
        return ()
    ids = [
        int(key)
        for placed in blocks
        if placed.settings.get("source") == "chosen"
        for key in placed.settings["ids"].split(",")
        if key.isdecimal()
    ]
    return tuple(find_titles(ids[:MAX_PRODUCTS]).values()) if ids else ()


def _fits(text: str) -> bool:
    """Whether a proposal compiles and asks for nothing that nobody knows."""
    try:
        check_variables(compile_short(text, {}))
    except TemplateInvalid:
        return False
    return True


def _said(row: WritingHelp) -> dict[str, object]:
    return {
        "is_on": row.is_on,
        "base_url": row.base_url,
        "model": row.model,
        "tone": row.tone,
        "has_key": bool(row.key_encrypted),
    }


def _checked(data: HelpData, row: WritingHelp | None) -> dict[str, object]:
    url, model, tone, key = (
        text.strip() for text in (data.base_url, data.model, data.tone, data.key)
    )
    faults = {}
    if len(url) > MAX_URL or not may_be_asked(url) or "?" in url or "#" in url:
        faults["base_url"] = "Enter an address that begins with https:// and carries no password."
    if not 0 < len(model) <= MAX_MODEL:
        faults["model"] = "Name the model, as the provider calls it."
    if len(tone) > MAX_TONE:
        faults["tone"] = f"Up to {MAX_TONE:,} characters."
    if len(key) > MAX_KEY or not key.isascii() or any(sign.isspace() for sign in key):
        faults["key"] = "This is no key: it has blanks or letters that no key has."
    elif _leads_elsewhere(url, row) and not key:
        faults["key"] = "The address leads to another host. Enter the key of that one."
    if faults:
        raise Invalid(next(iter(faults.values())), fields=faults)
    return {"is_on": data.is_on, "base_url": url.rstrip("/"), "model": model, "tone": tone}


def _leads_elsewhere(url: str, row: WritingHelp | None) -> bool:
    """Whether a stored key would be sent to somebody else than it was given for."""
    if row is None or not row.key_encrypted:
        return False
    old, new = urlsplit(row.base_url), urlsplit(url)
    return (old.scheme, old.hostname, old.port) != (new.scheme, new.hostname, new.port)
