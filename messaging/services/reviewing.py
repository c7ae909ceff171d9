"""The check before sending: what is wrong for all, what for some, and where to mend it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from django.db import transaction

from crm.queries.shelves import find_missing, find_titles
from kernel.http import Client, HttpUnavailable
from messaging.domain.blocks import Placed, find_blocks
from messaging.domain.findings import Finding, list_links, look_at_html, look_at_subject
from messaging.domain.rendering import EmailTemplate
from messaging.errors import RenderError, TemplateInvalid
from messaging.models import SendingDomain
from messaging.queries.readers import find_last_orders, sample_subscribers
from messaging.queries.sender_rules import find_ruled_senders
from messaging.queries.senders import SenderRow, dns_failure, list_domains, list_senders
from messaging.services.checking import Parts, check_draft, compile_draft
from messaging.services.choosing import with_senders
from messaging.services.gating import MARKETING
from messaging.services.previewing import PERSONAL
from messaging.services.trying import (
    OF_A_MESSAGE,
    pending_for,
    try_template,
    values_for,
)
from messaging.types import Recipient
from messaging.variables import gather_values

LINK_SECONDS = 4.0
SIDE_BY_SIDE = 6
_UNSURE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True, slots=True)
class Review:
    """What the check found.

    Attributes:
        people: how many the template was rendered for.
        links: web addresses of the mail with their words, to be asked by `check_links`.
    """

    findings: list[Finding]
    people: int
    links: list[tuple[str, str]]

    @property
    def worst(self) -> str:
        """The tone of the worst finding."""
        tones = {finding.tone for finding in self.findings}
        return next((tone for tone in ("bad", "warn") if tone in tones), "good")


@transaction.atomic
def review_email(draft: Parts) -> Review:
    """Check an e-mail as it would be sent; nothing is stored, claimed or asked of the network.

    Args:
        draft: its parts, saved or not.
    """
    try:
        check_draft(draft)
        compiled, _ = compile_draft(draft)
        blocks = find_blocks(draft.mjml)
    except TemplateInvalid as exc:
        found = [Finding("bad", words, field, "Mend it, then save.") for field, words in _said(exc)]
        return Review(found, 0, [])
    tried = try_template(compiled)
    people = sample_subscribers()
    findings = [
        *_judge_way_out(draft, compiled),
        *_judge_readers(compiled, people),
        *_judge_products(blocks),
        *_judge_senders(draft.content.get("sender")),
    ]
    links: list[tuple[str, str]] = []
    if tried.rendered is not None:
        findings += look_at_subject(tried.rendered.subject, draft.preheader)
        findings += look_at_html(tried.rendered.html)
        links = list_links(tried.rendered.html)
    order = {"bad": 0, "warn": 1, "good": 2}
    return Review(sorted(findings, key=lambda each: order[each.tone]), len(people), links)


def check_links(links: Sequence[tuple[str, str]]) -> list[Finding]:
    """Ask each link once, a few at a time, and say which do not answer; opens no transaction."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        answers = list(pool.map(_ask, (url for url, _ in links)))
    found = [
        Finding(tone, f"{words or 'A link'}: {said}", url, "Open it and see, or change the link.")
        for (url, words), (tone, said) in zip(links, answers, strict=True)
        if tone != "good"
    ]
    fine = len(links) - len(found)
    if fine:
        found.append(Finding("good", f"{fine} of {len(links)} links answer"))
    return found


def _ask(url: str) -> tuple[str, str]:
    try:
        with Client(LINK_SECONDS) as client:
            status = client.get_span(url, 0, 1).status
    except HttpUnavailable as exc:
        return "bad", str(exc)
    if status in _UNSURE:
        return "warn", f"answers {status}, so it could not be looked at from here"
    if status >= HTTPStatus.BAD_REQUEST:
        return "bad", f"answers {status}"
    return "good", ""


def _said(exc: TemplateInvalid) -> list[tuple[str, str]]:
    return list((exc.fields or {"": exc.detail}).items())


def _judge_way_out(draft: Parts, compiled: EmailTemplate) -> list[Finding]:
    has_way_out = "unsubscribe_url" in compiled.asked["mjml"]
    if draft.message_class in MARKETING and has_way_out:
        return [Finding("good", "There is an unsubscribe link")]
    if draft.message_class not in MARKETING and has_way_out:
        how = "Mails about orders come all the same. Hide it in the footer."
        return [
            Finding("warn", "An unsubscribe link stands in a mail nobody can end", "Footer", how)
        ]
    return []


def _judge_readers(compiled: EmailTemplate, people: Sequence[Recipient]) -> list[Finding]:
    """Render for each of some people, with their values looked up in one go."""
    orders = find_last_orders([person.id for person in people])
    messages = [
        pending_for(person, orders.get(person.id))._replace(id=number)
        for number, person in enumerate(people, 1)
        if "order" not in compiled.variables or person.id in orders
    ]
    if "sender" in compiled.variables:
        messages = with_senders(messages)
    if not messages:
        return []
    values = gather_values(compiled.variables - PERSONAL - OF_A_MESSAGE, messages)
    made_up = values_for(compiled.variables & (PERSONAL | OF_A_MESSAGE), messages[0].profile)
    skipped: dict[str, int] = {}
    for message in messages:
        try:
            compiled.render({**values[message.id], **made_up})
        except RenderError as exc:
            skipped[str(exc)] = skipped.get(str(exc), 0) + 1
    return _speak_skipped(skipped, len(messages))


def _speak_skipped(skipped: Mapping[str, int], total: int) -> list[Finding]:
    how = 'They would be skipped. Put {% if … %} around it, or a "default" behind it.'
    found = [
        Finding("bad", f"{_share(count, total)} lack a value", words, how)
        for words, count in skipped.items()
    ]
    return found or [Finding("good", f"It can be rendered for all of {total} people")]


def _judge_products(blocks: Sequence[Placed]) -> list[Finding]:
    chosen = {
        int(key)
        for placed in blocks
        if placed.settings.get("source") == "chosen"
        for key in placed.settings["ids"].split(",")
    }
    missing = find_missing(chosen)
    titles = find_titles(chosen)
    how = "Choose another product. It is left out of mails until it can be bought again."
    found = [
        Finding("warn", f"{titles.get(key, 'A product')} {why}", "Product grid", how)
        for key, why in sorted(missing.items())
    ]
    if chosen and not found:
        found.append(Finding("good", "Every chosen product can be bought"))
    return found


def _judge_senders(named: int | None) -> list[Finding]:
    """Judge whom the template names, else the default sender and every one that a rule may choose.

    Args:
        named: sender of the template; None for none.
    """
    domains = list_domains()
    rows = list_senders(domains)
    if not any(row.sender.is_default for row in rows):
        how = "Set one up under Settings, Senders and domains. Nothing leaves without one."
        return [Finding("bad", "There is no sender", "Sender", how)]
    chosen = {named} if named is not None else find_ruled_senders()
    by_name = {domain.domain: domain for domain in domains}
    rows = [
        row for row in rows if row.sender.pk in chosen or (row.sender.is_default and named is None)
    ]
    return [_judge_sender(row, by_name.get(row.domain), is_named=named is not None) for row in rows]


def _judge_sender(row: SenderRow, domain: SendingDomain | None, *, is_named: bool) -> Finding:
    email = row.sender.email
    where = email if row.sender.is_default or is_named else f"{email}, whom a rule may choose"
    how = "Add your domain under Settings, Senders and domains, and set its records."
    if domain is None:
        return Finding("warn", f"{row.domain} is not set up as your domain", where, how)
    if words := dns_failure(domain):
        return Finding("bad", words, where, "Marketing waits until the records are right.")
    if not domain.is_signing or not row.is_verified:
        return Finding("warn", f"{domain.domain} is not verified yet", where, how)
    return Finding("good", f"Mails from {email} are signed by {domain.domain}")


def _share(count: int, total: int) -> str:
    return f"{round(100 * count / total)}% of {total} people"
