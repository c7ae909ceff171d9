"""Products, parcels and reviews that stories of the library tell of."""

from datetime import datetime
from typing import Any

from crm.models import Product
from kernel import clock
from tests.flows.library.story import SLUG, Story


def sell(story: Story, external_id: str, title: str, *flags: str, **fields: Any) -> dict[str, Any]:
    """Tell of a product and flag it by hand; returns the line of one piece of it."""
    story.call("products", {"external_id": external_id, "title": title, **fields})
    product = Product.objects.get(external_id=external_id)
    for flag in flags:
        answer = story.member.post(
            f"/t/{SLUG}/catalog/{product.pk}/flag/", {"flag": flag, "said": "yes"}
        )
        assert answer.status_code == 302
    return {
        "line_key": external_id,
        "title": title,
        "product_external_id": external_id,
        "sku": external_id.upper(),
        "quantity": 1,
    }


def ship(story: Story, order: str, **fields: Any) -> None:
    """Tell of the parcel of an order, or news of it; times are told as they are."""
    said = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
    story.call(
        "shipments",
        {
            "external_id": f"parcel-{order}",
            "order_external_id": order,
            "updated_at": clock.now().isoformat(),
            **said,
        },
    )


def review(story: Story, person: str, stars: int, **fields: Any) -> None:
    """Tell of a review that somebody wrote now in a review tool."""
    story.call(
        "reviews",
        {
            "external_id": f"review-{person}-{stars}",
            "profile": story.who(person),
            "rating": stars,
            "reviewed_at": clock.now().isoformat(),
            "updated_at": clock.now().isoformat(),
            **fields,
        },
    )


def of_library(lines: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return what was sent by flows of the library, its prefix left out; no confirmations."""
    return [
        (at, person, template.removeprefix("library_"))
        for at, person, template in lines
        if template.startswith("library_")
    ]
