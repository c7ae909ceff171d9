"""Parts of the library's e-mails: each is MJML that the editor opens, or a block of ours.

Words may hold Liquid and simple HTML such as ``<strong>``; what they say is written by us, so
nothing is escaped here. A variable that may be empty gets its fallback where it stands; what an
event may lack is asked for first: ``{% if event contains "url" %}``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

COUPON: Final = "COUPON-ID"
"""Stands in the MJML for what is known at installation."""
_SECTION: Final = "<mj-section>"
HEADER: Final = "<mj-brand-header></mj-brand-header>"
HELLO: Final = "Hello{% if person.first_name != '' %} {{ person.first_name }}{% endif %},"
"""The first words of a letter; without a name it is a plain hello."""
SHOP: Final = "{{ store.url }}"
CART: Final = "{% if event contains 'url' %}{{ event.url }}{% else %}{{ store.url }}{% endif %}"
"""Where a cart can be taken up again, or the product that was looked at; else the shop."""
OF_ORDERS: Final = "You get this email because you bought from {{ store.name }}."


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an e-mail.

    Attributes:
        mjml: as it stands in the template, with `COUPON` still to be filled in.
        is_row: it is a row of its own; others share the section of what is written.
    """

    mjml: str
    is_row: bool = False


def footer(reason: str, *, is_marketing: bool) -> str:
    """Return the footer; what is no marketing has no way out of it."""
    if is_marketing:
        return _block("mj-brand-footer", reason=reason)
    return _block("mj-brand-footer", reason=reason or OF_ORDERS, unsubscribe="no")


def heading(text: str) -> Part:
    """Return the headline of a mail."""
    return Part(f"<mj-text><h1>{text}</h1></mj-text>")


def subheading(text: str) -> Part:
    """Return a heading between parts."""
    return Part(f"<mj-text><h2>{text}</h2></mj-text>")


def words(*paragraphs: str) -> Part:
    """Return paragraphs."""
    return Part("".join(f"<mj-text>{each}</mj-text>" for each in paragraphs))


def small(text: str) -> Part:
    """Return a soft line, such as the small print of an offer."""
    return Part(f'<mj-text css-class="soft" font-size="14px" color="#5b6b6d">{text}</mj-text>')


def bullets(*lines: str) -> Part:
    """Return a list."""
    items = "".join(f'<li style="padding-bottom:6px">{each}</li>' for each in lines)
    return Part(f'<mj-text><ul style="margin:0;padding-left:20px">{items}</ul></mj-text>')


def button(label: str, url: str = SHOP) -> Part:
    """Return a button.

    Args:
        label: of it.
        url: Liquid; it stands in double quotes and so holds none.
    """
    return Part(f'<mj-button align="left" href="{url}">{label}</mj-button>')


def divider() -> Part:
    """Return a line."""
    return Part("<mj-divider></mj-divider>")


def only(condition: str, *parts: Part) -> Part:
    """Return parts that are there where a Liquid condition holds, as rows of their own."""
    begin, end = f"<mj-raw>{{% if {condition} %}}</mj-raw>", "<mj-raw>{% endif %}</mj-raw>"
    return Part("".join([begin, *join(parts), end]), is_row=True)


def join(parts: Iterable[Part]) -> list[str]:
    """Return the rows that parts make: what is written one after the other shares a section."""
    rows: list[str] = []
    written = ""
    for part in parts:
        if not part.is_row:
            written += part.mjml
            continue
        rows += [_section(written), part.mjml]
        written = ""
    return [row for row in [*rows, _section(written)] if row]


def give_air(rows: Sequence[str]) -> list[str]:
    """Return rows of which what is written first and last stands further from the edge."""
    airy = list(rows)
    for place, padding in ((0, "32px 32px 8px"), (-1, "8px 32px 32px")):
        if airy and airy[place].startswith(_SECTION):
            rest = airy[place].removeprefix(_SECTION)
            airy[place] = f'<mj-section padding="{padding}">{rest}'
    return airy


def items(title: str = "", label: str = "") -> Part:
    """Return what the event names: the cart, or the product that was looked at.

    Args:
        title: heading above it; empty leaves it out.
        label: of the link below each; empty leaves it out.
    """
    return _row("mj-items", title=title, button=label)


def order_lines(title: str = "") -> Part:
    """Return what was bought, line by line; of flows that an order or a parcel starts."""
    return _row("mj-order-lines", title=title)


def products(source: str = "best", count: int = 4, title: str = "") -> Part:
    """Return a grid of products.

    Args:
        source: ``best`` or ``new``.
        count: how many.
        title: heading above them.
    """
    return _row("mj-product-grid", source=source, count=str(count), title=title)


def picked(title: str = "Picked for you", count: int = 4) -> Part:
    """Return products for this person."""
    return _row("mj-recommendations", count=str(count), title=title)


def coupon(title: str = "A little something for you", label: str = "Use it now") -> Part:
    """Return the code of the mail's coupon, with its end."""
    return _row("mj-coupon", coupon=COUPON, title=title, button=label)


def points(label: str = "") -> Part:
    """Return how many points they have, and their tier."""
    return _row("mj-loyalty", button=label)


def reviews(title: str = "What others say", count: int = 2) -> Part:
    """Return what people said; nothing where nobody said anything."""
    return _row("mj-reviews", title=title, count=str(count))


def questions(title: str = "You asked", count: int = 3) -> Part:
    """Return answered questions; nothing where there are none."""
    return _row("mj-questions", title=title, count=str(count))


def _section(written: str) -> str:
    return f"{_SECTION}<mj-column>{written}</mj-column></mj-section>" if written else ""


def _row(tag: str, **settings: str) -> Part:
    return Part(_block(tag, **settings), is_row=True)


def _block(tag: str, **settings: str) -> str:
    said = "".join(f' {name}="{escape(value)}"' for name, value in settings.items() if value)
    return f"<{tag}{said}></{tag}>"
