"""What every platform module offers."""

from collections.abc import Mapping
from typing import Protocol

from stores.types import Delivery, DeliveryHead, StoreContext, Translation


class Platform(Protocol):
    """One kind of storefront: how it signs, names and words its deliveries."""

    def read_head(self, headers: Mapping[str, str], body: bytes, /) -> DeliveryHead:
        """Read the headers of a request, and of the body what they lack; never fails."""

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        """Say, in constant time, whether the body was signed with a secret."""

    def make_secret(self) -> str:
        """Return a new signing secret, in the form that the storefront is given it."""

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Turn a delivery into records.

        Raises:
            Untranslatable: it cannot be read; the reason is for people.
        """
