"""Blocks of ours in MJML: what each can be set to, and how a template with them is compiled.

A block is one element such as ``<mj-product-grid count="4"></mj-product-grid>`` directly in the
body. It is kept like that and turned into MJML and Liquid when the template is saved, so that a
better block reaches a template the next time it is saved, and the code view stays readable.
"""

import html
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from messaging.domain import block_markup as markup
from messaging.domain.look import BODY, HEAD
from messaging.domain.showing import ATTRIBUTE, write_showing
from messaging.errors import TemplateInvalid

LOOK = "brand"
"""Of ``<mjml look="brand">``: built from blocks, and framed by `messaging.domain.look`."""
MOST_BLOCKS = 40
"""More than these in one mail would be cut off by mail programs anyway."""
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ROOT = re.compile(rf"<mjml\b[^>]*\blook\s*=\s*[\"']{LOOK}[\"'][^>]*>\s*<mj-body\b([^>]*)>")
_NUMBER = re.compile(r"[0-9]{1,3}")
_SELLING = re.compile(r"\{[{%][^}]*\b(?:coupon\.|recommendations\b|products\[)")
_SELL = ("mj-product-grid", "mj-recommendations", "mj-coupon")
"""Blocks that a mail about an order must not hold: it goes to people who said no to marketing."""
_IDS = re.compile(r"[0-9]{1,18}(,[0-9]{1,18})*")


class Setting(NamedTuple):
    """One thing that can be set on a block.

    Attributes:
        kind: ``choice``, ``number``, ``words``, ``category``, ``products``, ``product``,
            ``coupon`` or ``address``.
        choices: value and words, of a choice.
        low, high: of a number, both included.
        when: name and value of another setting without which this one says nothing.
    """

    name: str
    label: str
    kind: str
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    low: int = 0
    high: int = 0
    help: str = ""
    when: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of block.

    Attributes:
        write: makes MJML and Liquid of its settings.
        variable: without which it says nothing; empty where it needs none of its own.
    """

    tag: str
    label: str
    help: str
    icon: str
    write: Callable[[Mapping[str, str]], str]
    settings: tuple[Setting, ...] = ()
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A block as it stands in a template; ``part`` counts the blocks of ours from 1."""

    part: int
    block: Block
    settings: dict[str, str]


_TITLE = Setting("title", "Heading", "words", help="Empty leaves it out.")
_COLUMNS = Setting("columns", "Columns", "choice", "2", (("1", "1"), ("2", "2"), ("3", "3")))
_PRICES = Setting("prices", "Prices", "choice", "yes", (("yes", "Show"), ("no", "Hide")))
_GO = Setting("button", "Button below each", "words", help="Empty leaves it out.")

BLOCKS: tuple[Block, ...] = (
    Block(
        "mj-brand-header",
        "Header",
        "Your logo, or your name without one.",
        "star",
        markup.write_header,
        (Setting("align", "Stands", "choice", "center", (("center", "Centre"), ("left", "Left"))),),
    ),
    Block(
        "mj-product-grid",
        "Product grid",
        "Best sellers, new or chosen products. What is sold out is left out.",
        "table",
        markup.write_products,
        (
            Setting(
                "source",
                "Products",
                "choice",
                "best",
                (("best", "Best sellers"), ("new", "Newest"), ("chosen", "Chosen by hand")),
            ),
            Setting(
                "category",
                "Of the category",
                "category",
                help="Empty takes all of them.",
            ),
            Setting("ids", "Chosen products", "products", when=("source", "chosen")),
            Setting("count", "How many", "number", "4", low=1, high=12),
            _COLUMNS,
            _TITLE,
            _PRICES,
            _GO,
        ),
    ),
    Block(
        "mj-recommendations",
        "Picked for them",
        "Products for this person: best sellers of the category that they bought of or looked at "
        "last, then of all, without what they own.",
        "bolt",
        markup.write_recommendations,
        (
            Setting("count", "How many", "number", "4", low=1, high=12),
            _COLUMNS,
            _TITLE,
            _PRICES,
            _GO,
        ),
    ),
    Block(
        "mj-items",
        "Cart or viewed product",
        "What is in the cart, or what they looked at: by the event that starts the flow.",
        "cart",
        markup.write_items,
        (_TITLE, _GO),
        variable="items",
    ),
    Block(
        "mj-order-lines",
        "What was bought",
        "The goods of the order that starts the flow, with its number and day.",
        "order",
        markup.write_order_lines,
        (_TITLE,),
        variable="order",
    ),
    Block(
        "mj-coupon",
        "Coupon",
        "A code of their own with its end. No code is used up in previews and tests.",
        "ticket",
        markup.write_coupon,
        (
            Setting("coupon", "Coupon", "coupon", help="Made under Content, Coupons."),
            Setting("title", "Heading", "words", "A little something for you"),
            Setting("button", "Button", "words", "Use it now"),
            Setting(
                "link",
                "Button leads to",
                "address",
                help="Empty leads to your shop with the code applied.",
            ),
        ),
        variable="coupon",
    ),
    Block(
        "mj-loyalty",
        "Loyalty status",
        "How many points they have, and their tier.",
        "gift",
        markup.write_loyalty,
        (Setting("button", "Button", "words"), Setting("link", "Button leads to", "address")),
        variable="loyalty",
    ),
    Block(
        "mj-reviews",
        "Reviews",
        "What people said of your products: published reviews with four or five stars.",
        "chat",
        markup.write_reviews,
        (
            Setting("title", "Heading", "words", "What others say"),
            Setting("count", "How many", "number", "2", low=1, high=5),
            Setting("product", "Of one product", "product", help="Empty takes all of them."),
        ),
    ),
    Block(
        "mj-questions",
        "Questions and answers",
        "What people asked and you answered, where they agreed that others see it.",
        "info",
        markup.write_questions,
        (
            Setting("title", "Heading", "words", "You asked"),
            Setting("count", "How many", "number", "3", low=1, high=5),
            Setting("product", "Of one product", "product", help="Empty takes all of them."),
        ),
    ),
    Block(
        "mj-brand-footer",
        "Footer",
        "Why they get it, unsubscribe, preferences and your address. Marketing needs it.",
        "mail",
        markup.write_footer,
        (
            Setting(
                "reason",
                "Why they get it",
                "words",
                "You get this email because you said yes to news from {{ store.name }}.",
            ),
            Setting(
                "unsubscribe",
                "Unsubscribe",
                "choice",
                "yes",
                (("yes", "Show"), ("no", "Hide (only for mails about orders)")),
            ),
        ),
    ),
)
_BY_TAG = {block.tag: block for block in BLOCKS}
_ELEMENT = re.compile(
    rf"<({'|'.join(_BY_TAG)})\b((?:\"[^\"]*\"|'[^']*'|[^>\"'])*?)(?:/>|>(.*?)</\1\s*>)", re.DOTALL
)


def find_blocks(mjml: str) -> list[Placed]:
    """Return the blocks of a template in order, their settings filled up with the defaults.

    Raises:
        TemplateInvalid: a setting that a block does not take; the words name block and setting.
    """
    found = list(_ELEMENT.finditer(mjml))
    if len(found) > MOST_BLOCKS:
        raise _invalid(f"there are more than {MOST_BLOCKS} blocks")
    return [_read(part, match) for part, match in enumerate(found, 1)]


def expand_blocks(mjml: str, *, lang: str = "en") -> str:
    """Return MJML with Liquid in the place of blocks, in the frame of the brand if it asks for it.

    Raises:
        TemplateInvalid: a setting that a block does not take, or a block that is not closed.
    """
    try:
        shown = write_showing(mjml)
    except ValueError as exc:
        raise _invalid(str(exc)) from exc
    placed = iter(find_blocks(shown))

    def write(match: re.Match[str]) -> str:
        del match
        one = next(placed)
        return one.block.write(one.settings)

    written = _ELEMENT.sub(write, shown)
    left = re.search(rf"<({'|'.join(_BY_TAG)})\b", written)
    if left is not None:
        raise _invalid(f"the block <{left[1]}> is not closed, or a quote in it is not")
    return _ROOT.sub(lambda match: f'<mjml lang="{lang}">{HEAD}{_body(match[1])}', written, count=1)


def find_coupon(blocks: Sequence[Placed]) -> int:
    """Return the coupon that a template's blocks carry; 0 for none.

    Raises:
        TemplateInvalid: there are several, as a message carries one code.
    """
    chosen = {placed.settings["coupon"] for placed in blocks if "coupon" in placed.settings} - {""}
    if len(chosen) > 1:
        raise _invalid("a mail carries one coupon; choose the same one in every coupon block")
    return int(chosen.pop()) if chosen else 0


def find_selling(mjml: str) -> str:
    """Return what of a mail sells something, in words; empty where it only tells."""
    tags = [tag for tag in _SELL if f"<{tag}" in mjml]
    words = [_BY_TAG[tag].label.lower() for tag in tags]
    return ", ".join(words) or ("products or a code" if _SELLING.search(mjml) else "")


def is_built(mjml: str) -> bool:
    """Whether a template was built from blocks, so that the editor can show it without a loss."""
    return _ROOT.match(mjml.lstrip()) is not None


def describe_blocks(known: Collection[str]) -> list[dict[str, Any]]:
    """Return the blocks that can say something, with their settings, as the editor reads them.

    Args:
        known: variables that somebody knows.
    """
    return [
        {
            "tag": block.tag,
            "label": block.label,
            "help": block.help,
            "icon": block.icon,
            "settings": [setting._asdict() for setting in block.settings],
        }
        for block in BLOCKS
        if not block.variable or block.variable in known
    ]


def _body(attributes: str) -> str:
    """Return the start of the body with what its editor set, else with the look of the brand."""
    own = {match[1]: match[2] or match[3] for match in _ATTRIBUTE.finditer(attributes)}
    if not own:
        return BODY
    merged = {"background-color": "#f3f6f6", "css-class": "page", **own}
    written = " ".join(f'{name}="{value}"' for name, value in merged.items())
    return f"<mj-body {written}>"


def _read(part: int, match: re.Match[str]) -> Placed:
    block = _BY_TAG[match[1]]
    if (match[3] or "").strip():
        raise _invalid(f"block {part}, {block.label.lower()}: it holds nothing inside")
    said = {
        each[1]: html.unescape(each[2] or each[3] or "") for each in _ATTRIBUTE.finditer(match[2])
    }
    said.pop(ATTRIBUTE, None)
    known = {setting.name: setting for setting in block.settings}
    for name in said:
        if name not in known:
            raise _invalid(f"block {part}, {block.label.lower()}: it has no setting {name!r}")
    settings = {name: setting.default for name, setting in known.items()} | said
    for name, value in settings.items():
        problem = _refuse(known[name], value)
        if problem:
            label = known[name].label.lower()
            raise _invalid(f"block {part}, {block.label.lower()}: {label} {problem}")
    if settings.get("source") == "chosen" and not settings["ids"]:
        raise _invalid(f"block {part}, {block.label.lower()}: choose at least one product")
    return Placed(part, block, settings)


def _refuse(setting: Setting, value: str) -> str:
    """Return what is wrong with a value; empty where nothing is."""
    match setting.kind:
        case "choice":
            allowed = [choice for choice, _ in setting.choices]
            return "" if value in allowed else f"is none of {', '.join(allowed)}"
        case "number":
            is_fine = _NUMBER.fullmatch(value) and setting.low <= int(value) <= setting.high
            return "" if is_fine else f"is not between {setting.low} and {setting.high}"
        case "products":
            return "" if not value or _IDS.fullmatch(value) else "are ids with commas between them"
        case "product" | "coupon":
            return "" if not value or (value.isdecimal() and len(value) < 19) else "is an id"  # noqa: PLR2004 bigint
        case _:
            return ""


def _invalid(words: str) -> TemplateInvalid:
    return TemplateInvalid(f"mjml: {words}", fields={"mjml": words})
