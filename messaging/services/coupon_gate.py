"""The last gate: messages whose template asks for a coupon get their code, or go no further."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from kernel.tenancy import current_tenant_id
from messaging.choices import MessageStatus, SkipReason
from messaging.models import Template
from messaging.queries.coupon_values import coupon_of, preview_values
from messaging.services.coupon_claims import claim_coupons, give_back, say_given
from messaging.services.gating import Asked, Stop
from messaging.services.marking import address_of_test
from messaging.types import PendingMessage, Verdict
from tenants.queries import get_tenant

NAME: Final = "coupon"
"""Of the gate, and of the variable in templates."""
HAS_CODE: Final = "coupon.has_code"
"""A template that asks for it knows what to say without a code."""


@dataclass(slots=True)
class Coupons:
    """What the messages of one batch got.

    Attributes:
        values: what each template reads as ``coupon``, by message id.
        zone: of the tenant, in which times are said.
    """

    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    zone: str = ""

    def note(self, asked: Asked, message: PendingMessage) -> None:
        """Keep what the gate said of a message that was rendered."""
        value = self.values.get(message.id)
        if value is not None:
            words = say_given(value, self.zone)
            asked.note(message.id, NAME, Verdict(passed=True, detail=words))

    def give_back(self, stopped: Collection[int]) -> None:
        """Give back the codes of messages that could not be rendered."""
        give_back([message_id for message_id in self.values if message_id in stopped])


def give_coupons(
    asked: Asked, said: Mapping[int, Template], rows: Mapping[int, Template], now: datetime
) -> Coupons:
    """Give codes to the messages that passed every gate and whose template asks for one.

    Those that get none are stopped with their reason, or wait. Inside the transaction that claimed
    the messages. A test shows a sample, and takes no code from anybody.

    Args:
        asked: what the gates said of the batch.
        said: the words of each message that asks for a coupon, by message id.
        rows: the templates by id, which name the coupon where their words in a language do not.
        now: aware.
    """
    wanting = [each for each in asked.passed if each.id in said]
    if not wanting:
        return Coupons()
    tests = [each for each in wanting if address_of_test(each.context)]
    real = [each for each in wanting if not address_of_test(each.context)]
    claims = claim_coupons(
        real,
        {each.id: named_coupon(each, said[each.id], rows) for each in real},
        now=now,
        can_do_without=[each.id for each in real if _can_do_without(said[each.id])],
    )
    for message_id, verdict in claims.verdicts.items():
        asked.note(message_id, NAME, verdict)
        status = MessageStatus.PENDING if verdict.wait_until else MessageStatus.SKIPPED
        asked.stops[message_id] = Stop(
            status.value, SkipReason.NO_COUPON.value, verdict.detail, verdict.wait_until
        )
    samples = preview_values(tests) if tests else {}
    return Coupons({**claims.values, **samples}, get_tenant(current_tenant_id()).timezone)


def named_coupon(message: PendingMessage, words: Template, rows: Mapping[int, Template]) -> int:
    """Return the coupon of a message; 0 where nothing names one.

    Args:
        message: whose template asks for a coupon.
        words: of the template, in the language of the message.
        rows: the templates by id.
    """
    return coupon_of(message, {**rows[message.template_id].content, **words.content})


def _can_do_without(row: Template) -> bool:
    return any(HAS_CODE in part for part in (row.subject, row.html, row.text, str(row.content)))
