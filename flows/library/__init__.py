"""Every flow of the library, in the order in which they are recommended."""

from collections.abc import Mapping
from typing import Final

from flows.library import (
    after_purchase,
    after_review,
    birthdays,
    browse,
    cart,
    discounts,
    early_access,
    every_channel,
    handoff,
    how_to,
    last_chance,
    loyal_thanks,
    new_arrivals,
    parcels,
    post_purchase,
    product_care,
    product_issue,
    recognition,
    repeat_purchase,
    replenishment,
    returns,
    review_request,
    stock,
    welcome,
    win_back,
    win_back_stages,
    wishlist,
)
from flows.library.base import GROUPS, LibraryFlow

_FIRST: Final = (post_purchase.FLOW, welcome.FLOW, cart.FLOW, win_back.FLOW)
_OTHERS: Final = (
    cart.TEST,
    browse.FLOW,
    *stock.FLOWS,
    *wishlist.FLOWS,
    after_purchase.FLOW,
    review_request.FLOW,
    *after_review.FLOWS,
    *product_care.FLOWS,
    replenishment.FLOW,
    *repeat_purchase.FLOWS,
    *loyal_thanks.FLOWS,
    early_access.FLOW,
    new_arrivals.FLOW,
    *returns.FLOWS,
    *recognition.FLOWS,
    *birthdays.FLOWS,
    every_channel.FLOW,
    win_back_stages.FLOW,
    discounts.FLOW,
    handoff.FLOW,
    last_chance.FLOW,
    *parcels.FLOWS,
    how_to.FLOW,
    product_issue.FLOW,
)

LIBRARY: Final[tuple[LibraryFlow, ...]] = (
    *_FIRST,
    *sorted(_OTHERS, key=lambda flow: GROUPS.index(flow.group)),
)
"""Those to begin with first, then by group."""
BY_KEY: Final[Mapping[str, LibraryFlow]] = {flow.key: flow for flow in LIBRARY}
INSTALLED_FIRST: Final = ("post_purchase", "win_back")
"""Keys of the flows that are on in every account from the beginning."""
