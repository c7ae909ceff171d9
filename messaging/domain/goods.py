"""Which products and variants a message is about, as its context names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_BIGINT: Final = 2**63


@dataclass(frozen=True, slots=True)
class Goods:
    """Ids of Patron and SKUs that a message names."""

    product_ids: tuple[int, ...] = ()
    variant_ids: tuple[int, ...] = ()
    skus: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Say whether anything is named."""
        return bool(self.product_ids or self.variant_ids or self.skus)


def goods_of(context: Mapping[str, Any]) -> Goods:
    """Return what a context names: ``product_id(s)``, ``variant_id(s)`` and ``sku(s)``."""
    return Goods(
        product_ids=_ids(context, "product_id"),
        variant_ids=_ids(context, "variant_id"),
        skus=tuple(dict.fromkeys(str(sku) for sku in _all(context, "sku") if sku)),
    )


def _ids(context: Mapping[str, Any], name: str) -> tuple[int, ...]:
    found = [str(value) for value in _all(context, name)]
    numbers = [int(text) for text in found if text.isascii() and text.isdigit()]
    return tuple(dict.fromkeys(number for number in numbers if number < _BIGINT))


def _all(context: Mapping[str, Any], name: str) -> list[Any]:
    many = context.get(f"{name}s")
    one = context.get(name)
    return [*(many if isinstance(many, list | tuple) else ()), *([] if one is None else [one])]
