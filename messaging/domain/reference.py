"""What a template can say: every variable and filter with its type, in one table.

The table is what the editor shows, what saving checks paths against, and where the values of a
made-up reader come from.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

OPEN = frozenset({"event", "products", "reader", "reviews", "questions"})
"""Variables whose inside is not listed: an event has what its sender gave it, a shelf any key."""


class Variable(NamedTuple):
    """One value.

    Attributes:
        path: as it is written in Liquid; ``[]`` stands for each of a list.
        kind: text, number, money, time, yes or no, list, address.
        example: a value as a template gets it; also what a made-up reader has.
    """

    path: str
    kind: str
    words: str
    example: Any

    @property
    def name(self) -> str:
        """First word of the path."""
        return self.path.partition(".")[0].partition("[")[0]

    @property
    def written(self) -> str:
        """How it is written in a template."""
        return "" if "[]" in self.path or self.kind == "list" else f"{{{{ {self.path} }}}}"


class Filter(NamedTuple):
    """One way to write a value."""

    name: str
    words: str
    example: str


def _of(name: str, rows: Iterable[tuple[str, str, str, Any]]) -> list[Variable]:
    return [
        Variable(f"{name}.{inner}", kind, words, example) for inner, kind, words, example in rows
    ]


def _goods(name: str) -> list[Variable]:
    """Return what is known of each product of a list."""
    return _of(
        f"{name}[]",
        [
            ("title", "text", "Name of the product", "Lemon soap"),
            ("url", "address", "Its page in the shop; empty where none is known", ""),
            ("image_url", "address", "Its picture; empty without one", ""),
            ("category", "text", "Its category", "Soap"),
            ("price_minor", "money", "Its price; nothing where none is known", 1250),
            ("compare_at_minor", "money", "What it cost before; nothing if not reduced", 1500),
            ("currency", "text", "Of both prices", "GBP"),
        ],
    )


_ORDERED = datetime(2026, 5, 4, 12, tzinfo=UTC)
_PROMISED = datetime(2026, 5, 7, 20, tzinfo=UTC)

VARIABLES: tuple[Variable, ...] = (
    *_of(
        "person",
        [
            ("first_name", "text", "First name; empty where not known", "Ada"),
            ("last_name", "text", "Last name", "Byron"),
            ("name", "text", "Both names", "Ada Byron"),
            ("email", "text", "Email address", "ada@example.com"),
            ("city", "text", "City", "London"),
            ("country", "text", "Country as two letters", "GB"),
        ],
    ),
    Variable(
        "reader",
        "list",
        'Whom words are for: {% if reader["language is de"] %} … {% else %} … {% endif %}',
        {},
    ),
    *_of(
        "store",
        [
            ("name", "text", "What your shop is called", "Your shop"),
            ("url", "address", "Address of the shop; empty where none is known", ""),
        ],
    ),
    *_of(
        "brand",
        [
            ("name", "text", "Your name", "Your shop"),
            ("accent", "text", "Accent colour", "#0f5c5c"),
            ("on_accent", "text", "What is written on the accent", "#ffffff"),
            ("font", "text", "Typefaces, tried in turn", "Georgia, serif"),
            ("link", "text", "Colour of links", "#0f5c5c"),
            ("link_dark", "text", "Colour of links in the dark", "#7fc4c4"),
            ("on_link_dark", "text", "What is written on that", "#101617"),
            ("logo_url", "address", "Logo; empty without one", ""),
            ("logo_width", "number", "Shown width in pixels", 0),
            ("logo_height", "number", "Shown height in pixels", 0),
            ("postal_address", "text", "Postal address", ""),
            ("support_email", "text", "Where readers turn with questions", ""),
            ("website", "address", "Website", ""),
            ("links", "list", "Social networks with name and url", []),
        ],
    ),
    *_of(
        "brand.links[]", [("name", "text", "Name of the network", ""), ("url", "address", "", "")]
    ),
    *_of(
        "sender",
        [
            ("name", "text", "From name", "Your shop"),
            ("email", "text", "Where replies go", "hello@shop.example"),
            ("postal_address", "text", "Postal address", ""),
        ],
    ),
    *_of(
        "order",
        [
            ("number", "text", "What people call the order", "#1001"),
            ("ordered_at", "time", "When it was placed, in your zone", _ORDERED),
            ("promised_at", "time", "By when all of it comes; nothing where unknown", _PROMISED),
            ("currency", "text", "Of its money", "GBP"),
            ("subtotal_minor", "money", "Goods before discounts", 2500),
            ("discount_minor", "money", "Discounts", 0),
            ("shipping_minor", "money", "Shipping", 390),
            ("tax_minor", "money", "Tax", 0),
            ("total_minor", "money", "What was paid", 2890),
            ("city", "text", "Where it goes", "London"),
            ("country", "text", "Country as two letters", "GB"),
            ("lines", "list", "What was bought", []),
        ],
    ),
    *_of(
        "order.lines[]",
        [
            ("title", "text", "Name of the product", "Lemon soap"),
            ("sku", "text", "SKU", "SOAP-1"),
            ("url", "address", "Its page in the shop; empty where none is known", ""),
            ("image_url", "address", "Its picture; empty without one", ""),
            ("category", "text", "Category under which it was sold", "Soap"),
            ("flags", "list", "What it is: consumable, technical, high_value", []),
            ("quantity", "number", "Pieces", 2),
            ("unit_price_minor", "money", "Price of one", 1250),
            ("total_minor", "money", "Of all pieces", 2500),
        ],
    ),
    Variable("event", "list", "What the event that started the flow carries", {}),
    Variable("items", "list", "What that event names: the cart, or the product looked at", []),
    *_of(
        "items[]",
        [
            ("title", "text", "Name of the product", "Lemon soap"),
            ("url", "address", "Its page in the shop; empty where none is known", ""),
            ("image_url", "address", "Its picture; empty without one", ""),
            ("quantity", "number", "Pieces", 2),
            ("price_minor", "money", "Price of one; nothing where none is known", 1250),
            ("currency", "text", "Of the price", "GBP"),
        ],
    ),
    Variable(
        "products", "list", "A shelf: products['best/4'], ['best/4/Soap'], ['chosen/12,15']", {}
    ),
    *_goods("products"),
    Variable("recommendations", "list", "Up to 12 products for this person, best first", []),
    *_goods("recommendations"),
    Variable(
        "reviews", "list", "Published reviews: reviews['best/3'] or ['best/3/12'] of a product", {}
    ),
    *_of(
        "reviews[]",
        [
            ("author", "text", "The name that they gave", "Grace"),
            ("title", "text", "Heading; may be empty", "Wonderful"),
            ("body", "text", "What they say, shortened", "Smells of summer."),
            ("rating", "number", "Stars, 1 to 5", 5),
            ("product", "text", "Name of the product; may be empty", "Lemon soap"),
        ],
    ),
    Variable(
        "questions", "list", "Answered questions: questions['newest/3'] or ['newest/3/12']", {}
    ),
    *_of(
        "questions[]",
        [
            ("question", "text", "What somebody asked, shortened", "Is it vegan?"),
            ("answer", "text", "What they were answered, shortened", "Yes, all of them are."),
            ("author", "text", "Their first name; may be empty", "Grace"),
            ("product", "text", "Name of the product; may be empty", "Lemon soap"),
        ],
    ),
    *_of(
        "coupon",
        [
            ("code", "text", "The code to type at the checkout", "HELLO-1234"),
            ("expires_at", "time", "Until when; nothing without an end", None),
            ("words", "text", "What it gives, or what you say once no code is left", "10% off"),
            ("has_code", "yes or no", "Whether there is a code", True),
            ("url", "address", "Your shop with the code applied", ""),
        ],
    ),
    *_of(
        "loyalty",
        [
            ("balance", "number", "Points that they have, those included that wait", 240),
            ("usable", "number", "Points that can be spent now", 240),
            ("pending", "number", "Points that cannot be spent yet", 0),
            ("expiring", "number", "Points that expire next", 60),
            ("expires_at", "time", "When they do; nothing where none ever will", None),
            ("tier", "text", "Name of the tier; empty without one", ""),
            ("benefits", "text", "What the tier brings, in your words; may be empty", ""),
            ("program", "text", "What your points are called; empty without points", "Points"),
        ],
    ),
    Variable("low_stock_left", "number", "Pieces left of what it is about, while few are", None),
    Variable("backordered_until", "time", "The day on which what it is about is back", None),
    Variable("vip_exclusive", "yes or no", "Whether it is for the best customers alone", None),
    Variable("exchanges", "list", "What is in stock of the products that somebody sends back", []),
    *_of(
        "exchanges[]",
        [
            ("title", "text", "Name of the product", "Lemon soap"),
            ("variant", "text", "Such as size and colour; may be empty", "Large"),
            ("sku", "text", "SKU", "SOAP-1"),
            ("url", "address", "Its page in the shop; empty where none is known", ""),
        ],
    ),
    Variable("reply", "text", "What a member writes in a conversation", "Yes, we do."),
    Variable("unsubscribe_url", "address", "Where this reader ends marketing", "#"),
    Variable("preferences_url", "address", "Where this reader chooses what comes", "#"),
    Variable("rate_url", "address", "Where this reader says how the order was", "#"),
    Variable("return_url", "address", "Where this reader sends the order back", "#"),
    Variable("confirm_url", "address", "Where this reader confirms a subscription", "#"),
    Variable("data_url", "address", "Where this reader downloads their data", "#"),
)

FILTERS: tuple[Filter, ...] = (
    Filter("money", "Writes an amount", "{{ order.total_minor | money: order.currency }} → £28.90"),
    Filter("day", "Writes a date", "{{ order.ordered_at | day }} → 4 May 2026"),
    Filter(
        "default", "Another text where it is empty", '{{ person.first_name | default: "there" }}'
    ),
    Filter("capitalize", "First letter large", "{{ person.city | default: 'there' | capitalize }}"),
    Filter("truncate", "Cuts a long text", "{{ review.body | truncate: 80 }}"),
    Filter("newline_to_br", "Keeps lines apart", "{{ sender.postal_address | newline_to_br }}"),
)


def find_unknown_paths(name: str, paths: Iterable[Sequence[Any]]) -> list[str]:
    """Return the paths of one variable that nobody knows, as they are written; sorted.

    Args:
        name: first word.
        paths: segments, the name among them; only the second one is looked at.
    """
    known = {
        variable.path.removeprefix(f"{name}.").partition(".")[0].partition("[")[0]
        for variable in VARIABLES
        if variable.path.startswith(f"{name}.")
    }
    if not known or name in OPEN:
        return []
    asked = {str(path[1]) for path in paths if len(path) > 1 and isinstance(path[1], str)}
    return [f"{name}.{inner}" for inner in sorted(asked - known - {"size"})]


def sample_values() -> dict[str, Any]:
    """Return what a made-up reader has; lists hold one of each."""
    found: dict[str, Any] = {}
    for variable in VARIABLES:
        head, *inner = variable.path.split(".")
        if not inner:
            found[head.removesuffix("[]")] = variable.example
        elif "[]" not in variable.path:
            found.setdefault(head, {})[inner[0]] = variable.example
    found["order"]["lines"] = [_one("order.lines[]")]
    return found


def _one(prefix: str) -> dict[str, Any]:
    return {
        variable.path.removeprefix(f"{prefix}."): variable.example
        for variable in VARIABLES
        if variable.path.startswith(f"{prefix}.")
    }
