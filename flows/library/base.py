"""What a flow of the library is made of: its definition, its messages and what it needs. Pure data.

One module of this package holds one flow, or a few that belong together. Nothing here touches the
database: `flows.services.library` makes segments, coupons and templates and then asks ``build``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crm.domain.channels import CHANNEL_LABELS
from flows.library.parts import COUPON, HEADER, Part, footer, give_air, join

START: Final = "Start here"
ONBOARDING: Final = "New people"
SHOPPING: Final = "While they shop"
AFTER: Final = "After the purchase"
LOYALTY: Final = "Loyal customers"
RETURN: Final = "Bring them back"
SERVICE: Final = "Service and care"
GROUPS: Final = (START, ONBOARDING, SHOPPING, AFTER, LOYALTY, RETURN, SERVICE)
"""Headings of the page, in their order; a flow stands under one of them."""

PROMOTIONAL: Final = "promotional"
BEHAVIOURAL: Final = "behavioural"
TRANSACTIONAL: Final = "transactional"
SAFETY: Final = "safety"
SERVICE_CLASS: Final = "service"
"""Words of `messaging.choices.MessageClass`."""

EVENT: Final = "event"
PROPERTY: Final = "property"
CHANNEL: Final = "channel"
STOCK: Final = "stock"
PRICES: Final = "prices"
PRODUCTS: Final = "products"
FLAG: Final = "flag"
CODES: Final = "codes"
REVIEWS: Final = "reviews"
FLOW_ON: Final = "flow_on"
FLOW_OFF: Final = "flow_off"
_NEEDED: Final[Mapping[str, str]] = {
    EVENT: "“{}” in the last 90 days",
    PROPERTY: "People with a {}",
    CHANNEL: "An account for {}",
    STOCK: "Stock of your products",
    PRICES: "Prices of your products",
    PRODUCTS: "Products with pictures",
    FLAG: "Products marked as {}",
    CODES: "Codes made in your store",
    REVIEWS: "Reviews",
    FLOW_ON: "The flow “{}” is on",
    FLOW_OFF: "The flow “{}” is off",
}


@dataclass(frozen=True, slots=True)
class Need:
    """Data without which a flow does less than it could, or nothing.

    Attributes:
        kind: ``event`` (happened in the last 90 days), ``property`` (somebody has it),
            ``channel`` (an account is connected), ``flag`` (a product has it), ``stock``,
            ``prices``, ``products``, ``reviews``, ``codes`` (a store takes codes that Patron
            makes), ``flow_on`` or ``flow_off`` (another flow of the library is on, or is not).
        what: name of the event, property, channel, flag or flow; empty for the others.
        words: what the merchant does where it is missing, as a sentence.
        is_optional: the flow works without it, and says less.
    """

    kind: str
    what: str
    words: str
    is_optional: bool = False

    @property
    def title(self) -> str:
        """What is needed, in words."""
        what = CHANNEL_LABELS.get(self.what, self.what.replace("_", " "))
        return _NEEDED[self.kind].format(what)


@dataclass(frozen=True, slots=True)
class Gift:
    """A coupon that is made with the flow, with codes of their own for everybody.

    Attributes:
        key: word by which the flow asks for it.
        percent: of per cent; ``offer`` may be ``free_shipping`` without it.
        days: how long a code is good after it was given out.
        prefix: what the codes begin with.
        when_out: what the message says once no code is left.
    """

    key: str
    name: str
    percent: int = 0
    offer: str = "percent"
    days: int = 14
    prefix: str = ""
    when_out: str = "Our codes have just run out. Reply to this email and we make one for you."


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail, made of parts that the editor opens.

    Attributes:
        key: of its template, one of a kind in the library.
        coupon: key of the `Gift` that its coupon part carries.
        reason: why somebody gets it, in the footer; empty says the usual.
        tags: of the template, such as `ASKS_FOR_REVIEW`.
    """

    key: str
    name: str
    message_class: str
    subject: str
    preheader: str
    parts: tuple[Part, ...]
    coupon: str = ""
    reason: str = ""
    tags: tuple[str, ...] = ()
    channel: str = field(default="email", init=False)

    def write(self, coupon_id: int | None = None) -> str:
        """Return its MJML.

        Args:
            coupon_id: what the coupon part carries; None leaves that to the node of the flow.
        """
        is_marketing = self.message_class in (PROMOTIONAL, BEHAVIOURAL)
        body = give_air(join(self.parts))
        rows = [HEADER, *body, footer(self.reason, is_marketing=is_marketing)]
        inner = "".join(f"    {row}\n" for row in rows)
        inner = inner.replace(COUPON, str(coupon_id or ""))
        return f'<mjml look="brand">\n  <mj-body>\n{inner}  </mj-body>\n</mjml>\n'


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS, WhatsApp or push message.

    Attributes:
        body: Liquid; of WhatsApp the words of the approved template.
        content: of the channel, such as ``title`` and ``url`` of a push.
    """

    key: str
    name: str
    message_class: str
    body: str
    channel: str = "sms"
    content: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A template that every account has from the beginning (`messaging.services.library`)."""

    key: str
    name: str
    message_class: str
    channel: str = field(default="email", init=False)


Message = Mail | Text | Standing


@dataclass(frozen=True, slots=True)
class Bound:
    """What was made at installation, by the keys that a flow gave."""

    segments: Mapping[str, int]
    coupons: Mapping[str, int]

    def segment(self, key: str) -> str:
        """Return the id of the segment of a starter, as definitions say it."""
        return str(self.segments[key])

    def coupon(self, key: str) -> str:
        """Return the id of a coupon, as definitions say it."""
        return str(self.coupons[key])


@dataclass(frozen=True, slots=True)
class LibraryFlow:
    """One flow that is installed with one click, as a draft.

    Attributes:
        key: stable word; the installed flow keeps it.
        rows: of the requirements that it meets.
        group: one of `GROUPS`.
        icon: of the sprite.
        description: what it does, in a sentence or two for the merchant.
        build: returns the definition. Message nodes name templates by the keys of ``messages``.
        segments: keys of starters (`segments.domain.starters`) that it asks for.
    """

    key: str
    name: str
    rows: tuple[str, ...]
    group: str
    icon: str
    description: str
    build: Callable[[Bound], dict[str, Any]]
    messages: tuple[Message, ...]
    needs: tuple[Need, ...] = ()
    segments: tuple[str, ...] = ()
    coupons: tuple[Gift, ...] = ()
