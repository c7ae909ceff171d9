"""Renders a template for somebody before it is sent: the same renderer, nothing claimed or written.

What only a message has is made up and says so: a coupon code, the event that started a flow.
Personal links lead nowhere, as nobody but their owner may follow them.
"""

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from crm.queries.shelves import best_sellers
from kernel import clock
from messaging.choices import MessageClass
from messaging.domain.reference import sample_values
from messaging.domain.rendering import EmailTemplate
from messaging.errors import RenderError, TemplateInvalid
from messaging.queries import sending
from messaging.queries.readers import find_last_orders
from messaging.services.choosing import with_senders
from messaging.services.previewing import NOWHERE, PERSONAL
from messaging.types import PendingMessage, Recipient, RenderedEmail
from messaging.variables import gather_values

OF_A_MESSAGE = frozenset({"coupon", "event", "items"})
"""Values that exist for a real message alone."""
OF_THE_SHOP = frozenset(
    {"brand", "store", "sender", "products", "reader", "reviews", "questions", "recommendations"}
)
"""Values that are the same for everybody, or do for a made-up reader."""
COUPON_DAYS = 14
_DARK = re.compile(r"\(\s*prefers-color-scheme:\s*dark\s*\)")
_SCHEMES = re.compile(r'(<meta name="(?:supported-)?color-schemes?" content=")[^"]*(")')


class Told(dict[str, Any]):
    """What an event carries, where there is none: every name in brackets."""

    def __missing__(self, key: str) -> str:
        return f"[{key}]"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a template says to one reader, or why it cannot.

    Attributes:
        reader: who it was rendered for.
        problem: in words; empty where it was rendered.
    """

    reader: Recipient
    rendered: RenderedEmail | None
    problem: str = ""


@transaction.atomic
def try_template(template: EmailTemplate, profile_id: int | None = None) -> Tried:
    """Render a template for somebody, or for a made-up reader.

    Args:
        template: compiled.
        profile_id: of the tenant; None, or nobody's, is the made-up reader.
    """
    reader = find_reader(profile_id)
    try:
        return Tried(reader, template.render(values_for(template.variables, reader)))
    except RenderError as exc:
        return Tried(reader, None, str(exc))


def find_reader(profile_id: int | None) -> Recipient:
    """Return somebody as a recipient; the made-up reader where there is nobody to write to."""
    found = sending.find_recipients([profile_id]).get(profile_id) if profile_id else None
    return made_up_reader() if found is None or found.is_erased else found


def made_up_reader() -> Recipient:
    """Return somebody who does not exist; their id is 0."""
    person = sample_values()["person"]
    return Recipient(
        id=0,
        email=person["email"],
        first_name=person["first_name"],
        last_name=person["last_name"],
        email_consent="subscribed",
        is_erased=False,
        city=person["city"],
        country=person["country"],
        locale="en-GB",
        timezone="",
    )


def values_for(names: Collection[str], reader: Recipient) -> dict[str, Any]:
    """Return the values a template asks for, for one reader; some may be missing for a real one."""
    asked = frozenset(names)
    orders = find_last_orders([reader.id]) if "order" in asked else {}
    message = pending_for(reader, orders.get(reader.id))
    if "sender" in asked:
        [message] = with_senders([message])
    found: dict[str, Any] = dict.fromkeys(asked & PERSONAL, NOWHERE)
    if reader.id == 0:
        samples = sample_values()
        found |= {name: samples[name] for name in asked & samples.keys()}
        asked &= OF_THE_SHOP
    found |= gather_values(asked - PERSONAL - OF_A_MESSAGE, [message])[message.id]
    if "coupon" in names:
        found["coupon"] = sample_coupon()
    if "event" in names:
        found["event"] = Told(items=sample_values()["items"])
    if "items" in names:
        found["items"] = sample_items()
    return found


def sample_coupon() -> dict[str, Any]:
    """Return a coupon that is none: no code of a pool is used up by looking."""
    ends = clock.now() + timedelta(days=COUPON_DAYS)
    return {**sample_values()["coupon"], "expires_at": ends}


def sample_items() -> list[dict[str, Any]]:
    """Return what a cart may hold: best sellers, or a made-up item where nothing is sold."""
    goods = [{**asdict(each), "quantity": 1} for each in best_sellers(2)]
    return goods or list(sample_values()["items"])


def pending_for(reader: Recipient, order_id: int | None) -> PendingMessage:
    """Return the message that would go to a reader, about one of their orders or none."""
    return PendingMessage(
        id=0,
        key="preview",
        profile=reader,
        channel="email",
        message_class=MessageClass.SERVICE.value,
        template_id=0,
        flow_id=None,
        flow_run_id=None,
        node_id="",
        context={"order_id": order_id} if order_id else {},
        planned_at=clock.now(),
        message_id="",
        attempts=0,
        is_resend=False,
        claim_id=UUID(int=0),
    )


def in_scheme(rendered: RenderedEmail, scheme: str) -> RenderedEmail:
    """Return a mail as a reader in the ``light`` or the ``dark`` sees it, whatever the browser."""
    asked = "all" if scheme == "dark" else "not all"
    html = _SCHEMES.sub(rf"\g<1>{scheme}\g<2>", _DARK.sub(asked, rendered.html))
    return replace(rendered, html=html, pieces=())


def explain(exc: TemplateInvalid) -> str:
    """Return why a draft cannot be shown, in words for its author."""
    return f"This cannot be shown yet. {exc.detail[:1].upper()}{exc.detail[1:]}."
