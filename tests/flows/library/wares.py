"""A small shop for stories of stock: one soap in two sizes, and what happens to them."""

from typing import Any

from kernel import clock
from tests.flows.library.story import Line, Story

SMALL = {"product_id": "soap", "variant_id": "soap-s", "sku": "SOAP-S", "name": "Lemon soap"}
LARGE = {**SMALL, "variant_id": "soap-l", "sku": "SOAP-L"}
"""What events say of the variants."""


def stock(story: Story, small: int, large: int = 50, price: str = "20.00") -> None:
    """Tell how many pieces of the soap there are, and what they cost."""
    left = {"soap-s": ("SOAP-S", "Small", small), "soap-l": ("SOAP-L", "Large", large)}
    story.call(
        "products",
        {
            "external_id": "soap",
            "title": "Lemon soap",
            "url": "https://ada-soap.example/soap",
            "status": "active",
            "updated_at": clock.now().isoformat(),
            "variants": [
                {
                    "external_id": key,
                    "sku": sku,
                    "title": title,
                    "price": price,
                    "currency": "GBP",
                    "inventory_quantity": pieces,
                    "inventory_policy": "deny",
                    "is_tracked": True,
                }
                for key, (sku, title, pieces) in left.items()
            ],
        },
    )


def line(said: dict[str, str], quantity: int = 1) -> dict[str, Any]:
    """Return the line of an order of a variant."""
    return {
        "line_key": said["variant_id"],
        "title": said["name"],
        "sku": said["sku"],
        "product_external_id": said["product_id"],
        "variant_external_id": said["variant_id"],
        "quantity": quantity,
    }


def of_library(lines: list[Line]) -> list[Line]:
    """Return what flows of the library sent, without the prefix of its templates."""
    return [
        (at, person, template.removeprefix("library_"))
        for at, person, template in lines
        if template.startswith("library_")
    ]


def subject_of(story: Story, person: str, place: int = -1) -> str:
    """Return the subject of a mail that somebody got, by default of the last one."""
    address = story.who(person)["email"]
    mails = [each for each in story.outbox.sent if getattr(each, "to_address", "") == address]
    return str(mails[place].content.subject)


def body_of(story: Story, person: str, place: int = -1) -> str:
    """Return the text of a mail that somebody got, by default of the last one."""
    address = story.who(person)["email"]
    mails = [each for each in story.outbox.sent if getattr(each, "to_address", "") == address]
    return str(mails[place].content.text)
