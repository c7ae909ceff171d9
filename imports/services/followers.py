"""What apps above do with files of a kind of their own; filled when they start."""

from collections.abc import Callable, Sequence
from typing import Protocol

from crm.types import Change, TakenBack
from imports.types import Options, Row


class Follower(Protocol):
    """Does what rows say beyond their people, who are imported first, in the same transaction."""

    def refuse(self, options: Options, rows: Sequence[Sequence[Row]]) -> list[str]:
        """Say of the rows of each thing why they cannot be taken; empty: they can."""

    def follow(
        self, options: Options, actor: str, todo: Sequence[tuple[int, Sequence[Row]]]
    ) -> tuple[list[str], list[Change]]:
        """Do what rows say of each profile; returns ``new`` or ``unchanged`` of each, and changes.

        The kind of the changes has an entry in `TAKERS`.
        """


FOLLOWERS: dict[str, Follower] = {}
"""By kind of file."""

TAKERS: dict[str, Callable[..., TakenBack]] = {}
"""By kind of change, what takes such changes back: called as `crm.services.taking_back.take_back`
is."""
