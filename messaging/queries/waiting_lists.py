"""What the page of a waiting list shows: one variant of a shop, and whether it is sold out."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from crm.choices import STOREFRONTS, Platform
from crm.models import Store, Variant
from crm.queries.order_detail import web_address
from crm.queries.stock import find_stock


@dataclass(frozen=True, slots=True)
class Waited:
    """What somebody would like to have.

    Attributes:
        title: of the product.
        variant: such as size and colour; may be empty.
        url: of its page in the shop; empty where none is known.
        image_url: empty without a picture.
        can_be_bought: so that nobody has to wait.
        properties: what the event says of it.
    """

    title: str
    variant: str
    url: str
    image_url: str
    can_be_bought: bool
    properties: dict[str, str]


def find_waited(store_id: int, external_id: str) -> Waited | None:
    """Return a variant by its id at a store; None for one that is not on sale there."""
    row = (
        Variant.objects.filter(store_id=store_id, external_id=external_id)
        .select_related("product")
        .first()
    )
    if row is None:
        return None
    stock = find_stock((), [row.pk], ()).variants[row.pk]
    if not stock.is_sold:
        return None
    said = {
        "product_id": row.product.external_id,
        "variant_id": row.external_id,
        "sku": row.sku,
        "name": str(row.product),
    }
    return Waited(
        title=str(row.product),
        variant=row.title,
        url=web_address(row.product.url),
        image_url=web_address(row.product.image_url),
        can_be_bought=stock.can_be_bought,
        properties={name: value for name, value in said.items() if value},
    )


def list_shops() -> list[tuple[int, str, str]]:
    """Return id, name and platform of the shops of which variants are known."""
    sold = Variant.objects.filter(store_id=OuterRef("pk"))
    rows = Store.objects.filter(Exists(sold), platform__in=STOREFRONTS).order_by("name", "pk")
    return [
        (pk, name, str(Platform(platform)))
        for pk, name, platform in rows.values_list("pk", "name", "platform")
    ]
