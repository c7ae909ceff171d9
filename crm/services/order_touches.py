"""Where the visits that ended in orders came from."""

from collections.abc import Sequence

from crm.domain.sales import channel_of
from crm.domain.touches import origin_of_order
from crm.services.batch import Batch
from crm.services.orders import OrderChange
from crm.services.touches import record_touches
from crm.types import NewTouch


def record_order_touches(batch: Batch, changes: Sequence[OrderChange]) -> None:
    """Keep the touches of orders that were written; test orders and those of nobody make none."""
    touches: list[NewTouch] = []
    gone: list[str] = []
    for change in changes:
        order = change.record
        key = f"order:{batch.store_id}:{order.external_id}"
        origin = (
            None
            if order.is_test
            else origin_of_order(order.attribution or {}, channel_of(order.channel))
        )
        if origin is not None and change.profile_id is not None:
            touches.append(
                NewTouch(key, change.profile_id, order.ordered_at, origin, change.order_id)
            )
        elif change.known is not None:
            gone.append(key)
    record_touches(touches, gone=gone)
