"""How one kind of storefront is written to."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kernel.http import Client
from stores.domain.writing import Step, Wish, Wrote
from stores.types import StoreAccess


class Writer(Protocol):
    """How a storefront takes what Patron knows.

    A worker may die between any two requests, and what it did is then done once more: a repeat
    changes nothing at the store. Looking raises what a `Puller` does; writing says in its answer
    what went wrong, so that what was taken before is not forgotten.
    """

    @property
    def scopes(self) -> Mapping[str, str]:
        """What can be written, by kind, and what the credential must allow for it."""

    def look(
        self, access: StoreAccess, client: Client, kind: str, wishes: Sequence[Wish], /
    ) -> Sequence[Step]:
        """Look at what the store has, and say what has to be done for each wish.

        Args:
            access: how the store is asked.
            client: of this turn.
            kind: a word of `WriteKind`.
            wishes: at most 25, of different subjects.
        """

    def write(
        self, access: StoreAccess, client: Client, kind: str, steps: Sequence[Step], /
    ) -> Wrote:
        """Do what steps say; each of them changes something."""
