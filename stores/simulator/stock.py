"""What is left on the shelves of a make-believe store. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from crm.types import LineData, StockRecord
from stores.simulator.catalogue import Item, Shop

LOCATION: Final = "MAIN"
LOWEST: Final = 6
"""Pieces at which a shelf is filled again, so that nothing runs out."""


def full_shelf(item: Item) -> int:
    """Return how many pieces of an item lie on a full shelf."""
    return 40 + 3 * item.weight


def inventory_item(product: str) -> str:
    """Return the store's id of what is counted of a product."""
    return f"{product}I"


class Shelves:
    """Goes down with what is sold, and up again before nothing is left."""

    def __init__(self, shop: Shop) -> None:
        self._full = {item.external_id: full_shelf(item) for item in shop.items}
        self._left = dict(self._full)

    def sell(self, product: str, quantity: int) -> int:
        """Take pieces of a product away, and return how many are left."""
        left = self._left[product] - quantity
        self._left[product] = left if left > LOWEST else self._full[product]
        return self._left[product]

    def sell_lines(self, lines: Iterable[LineData]) -> None:
        """Take away what the lines of an order sell."""
        for line in lines:
            self.sell(line.product_external_id, line.quantity)

    def count(self, at: datetime) -> list[StockRecord]:
        """Return what is left of everything."""
        return [
            StockRecord(version_at=at, variant_external_id=f"{product}V", available=left)
            for product, left in self._left.items()
        ]
