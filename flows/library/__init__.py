"""Every flow of the library, in the order in which they are recommended."""

from collections.abc import Mapping
from typing import Final

from flows.library import (
    after_purchase,
    after_review,
    browse,
    cart,
    early_access,
    loyal_thanks,
    new_arrivals,
    post_purchase,
    product_care,
    repeat_purchase,
    replenishment,
    review_request,
    welcome,
    win_back,
    win_back_stages,
)
from flows.library.base import GROUPS, LibraryFlow

_FIRST: Final = (post_purchase.FLOW, welcome.FLOW, cart.FLOW, win_back.FLOW)
_OTHERS: Final = (
    cart.TEST,
    browse.FLOW,
    after_purchase.FLOW,
    review_request.FLOW,
    after_review.FLOW,
    *product_care.FLOWS,
    replenishment.FLOW,
    *repeat_purchase.FLOWS,
    *loyal_thanks.FLOWS,
    early_access.FLOW,
    new_arrivals.FLOW,
    win_back_stages.FLOW,
)

LIBRARY: Final[tuple[LibraryFlow, ...]] = (
    *_FIRST,
    *sorted(_OTHERS, key=lambda flow: GROUPS.index(flow.group)),
)
"""Those to begin with first, then by group."""
BY_KEY: Final[Mapping[str, LibraryFlow]] = {flow.key: flow for flow in LIBRARY}
