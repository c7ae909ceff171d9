"""Renders the claimed messages of one channel that passed the gates; what cannot be is stopped."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from crm.choices import Channel
from messaging.choices import MessageStatus, SkipReason
from messaging.domain.showing import NAME as READER
from messaging.errors import RenderError, TemplateInvalid
from messaging.models import Template
from messaging.queries import sending
from messaging.queries.languages import Key, find_words
from messaging.services import coupon_gate
from messaging.services.gating import Asked, Stop
from messaging.services.marking import mark_test
from messaging.services.writers.base import Compiled, Ready, Writer
from messaging.services.writers.email import EmailWriter
from messaging.services.writers.push import PushWriter
from messaging.services.writers.sms import SmsWriter
from messaging.services.writers.whatsapp import WhatsAppWriter
from messaging.types import PendingMessage, Verdict
from messaging.variables import gather_values

WRITERS: Mapping[str, Callable[[datetime], Writer]] = {
    Channel.EMAIL.value: EmailWriter,
    Channel.PUSH.value: PushWriter,
    Channel.SMS.value: SmsWriter,
    Channel.WHATSAPP.value: WhatsAppWriter,
}
"""By channel; called once per batch with the present."""
_WRITTEN = Verdict(passed=True)
NOT_OF_ONE: Final = (DatabaseError, ImportError, ImproperlyConfigured, SoftTimeLimitExceeded)
"""What no single message, coupon or template is to blame for."""
log = structlog.get_logger(__name__)


def write_messages(channel: str, asked: Asked, now: datetime) -> list[Ready]:
    """Write what passed the gates; a message that cannot be written joins the stopped ones.

    Returns:
        What is handed over, in the order of the messages.
    """
    if not asked.passed:
        return []
    writer = WRITERS[channel](now)
    writer.begin(asked.passed)
    rows = sending.find_templates({message.template_id for message in asked.passed})
    keys, found = find_words(asked.passed, rows)
    templates, broken = _compile(writer, found)
    values = _gather(asked.passed, keys, _names_of(templates))
    said = {
        each.id: found[keys[each.id]] for each in _asking(asked.passed, keys, templates, values)
    }
    coupons = coupon_gate.give_coupons(asked, said, rows, now)
    ready = []
    for message in asked.passed:
        if message.id in asked.stops:
            continue
        template = templates.get(keys[message.id])
        if template is None:
            _stop(asked, message, broken[keys[message.id]])
            continue
        own = values[message.id]
        if message.id in coupons.values:
            own[coupon_gate.NAME] = coupons.values[message.id]
        written = _write(writer, template, asked, message, own)
        if written is None:
            continue
        asked.note(message.id, "render", _WRITTEN)
        coupons.note(asked, message)
        ready.append(written)
    coupons.give_back(asked.stops.keys())
    writer.finish()
    return ready


def _write(
    writer: Writer, template: Compiled, asked: Asked, message: PendingMessage, own: dict[str, Any]
) -> Ready | None:
    """Write one message; one that cannot be written joins the stopped ones."""
    try:
        return writer.write(message, mark_test(message, template.render(own)), own)
    except RenderError as exc:
        _stop(asked, message, str(exc))
    except NOT_OF_ONE:
        raise
    except Exception as exc:  # a template that breaks stops nobody else's message
        log.exception("rendering_broke", message=message.id)
        _stop(asked, message, repr(exc))
    return None


def find_coupons(channel: str, messages: Sequence[PendingMessage], now: datetime) -> dict[int, int]:
    """Return the coupon of which each message would get a code, by message id.

    Nothing is given out. Whoever reads no part that asks for a code is left out.

    Args:
        channel: of all the messages.
        messages: of the active tenant; they need not be stored.
        now: aware.
    """
    rows = sending.find_templates({message.template_id for message in messages})
    keys, found = find_words([each for each in messages if each.template_id in rows], rows)
    known = [each for each in messages if each.id in keys]
    templates, _ = _compile(WRITERS[channel](now), found)
    values = _gather(known, keys, {key: frozenset({READER}) for key in templates})
    coupons = {
        each.id: coupon_gate.named_coupon(each, found[keys[each.id]], rows)
        for each in _asking(known, keys, templates, values)
    }
    return {message_id: coupon_id for message_id, coupon_id in coupons.items() if coupon_id}


def _names_of(templates: Mapping[Key, Compiled]) -> dict[Key, frozenset[str]]:
    """Return the values that templates need; a coupon is given later."""
    return {key: each.variables - {coupon_gate.NAME} for key, each in templates.items()}


def _asking(
    messages: Sequence[PendingMessage],
    keys: Mapping[int, Key],
    templates: Mapping[Key, Compiled],
    values: Mapping[int, Mapping[str, Any]],
) -> list[PendingMessage]:
    """Return the messages whose words ask for a coupon."""
    return [
        each
        for each in messages
        if keys[each.id] in templates
        and templates[keys[each.id]].asks(coupon_gate.NAME, values[each.id])
    ]


def _stop(asked: Asked, message: PendingMessage, words: str) -> None:
    asked.note(message.id, "render", Verdict(passed=False, detail=words[:500]))
    asked.stops[message.id] = Stop(
        MessageStatus.SKIPPED.value, SkipReason.RENDER_ERROR.value, words[:500]
    )


def _compile(
    writer: Writer, rows: Mapping[Key, Template]
) -> tuple[dict[Key, Compiled], dict[Key, str]]:
    """Return templates, and what is wrong with those that hold up nobody else's message."""
    templates: dict[Key, Compiled] = {}
    broken: dict[Key, str] = {}
    for key, row in rows.items():
        try:
            templates[key] = writer.compile(row)
        except TemplateInvalid as exc:
            broken[key] = str(exc)
    return templates, broken


def _gather(
    messages: Sequence[PendingMessage],
    keys: Mapping[int, Key],
    names: Mapping[Key, frozenset[str]],
) -> dict[int, dict[str, Any]]:
    """Return the values of the names that each message's own words ask for."""
    values: dict[int, dict[str, Any]] = {}
    for key, wanted in names.items():
        if own := [message for message in messages if keys[message.id] == key]:
            values |= gather_values(wanted, own)
    return values
