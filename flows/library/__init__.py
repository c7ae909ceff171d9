"""Every flow of the library, in the order in which they are recommended."""

from collections.abc import Mapping
from typing import Final

from flows.library import post_purchase, win_back
from flows.library.base import LibraryFlow

LIBRARY: Final[tuple[LibraryFlow, ...]] = (
    post_purchase.FLOW,
    win_back.FLOW,
)
"""Those to begin with first, then by group."""
BY_KEY: Final[Mapping[str, LibraryFlow]] = {flow.key: flow for flow in LIBRARY}
