"""No promotion of what cannot be bought."""

from collections.abc import Sequence
from datetime import datetime

from crm.queries.stock import Stock
from messaging.choices import MessageClass
from messaging.domain.goods import goods_of
from messaging.queries.stock import load_shelf, pick
from messaging.types import PendingMessage, Verdict


def stock_gate(messages: Sequence[PendingMessage], now: datetime) -> dict[int, Verdict]:
    """Stop a promotion that names something which is out of stock, or is not sold any more."""
    del now
    named = {
        message.id: goods
        for message in messages
        if message.context
        and message.message_class == MessageClass.PROMOTIONAL
        and (goods := goods_of(message.context))
    }
    if not named:
        return {}
    shelf = load_shelf(named.values())
    return {message_id: _judge(list(pick(shelf, goods))) for message_id, goods in named.items()}


def _judge(found: Sequence[Stock]) -> Verdict:
    gone = [one for one in found if not one.can_be_bought]
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        words = "out of stock" if gone[0].is_sold else "not sold any more"
        return Verdict(passed=False, detail=f"{gone[0].title}{more}: {words}"[:500])
    counts = [one.left for one in found if one.left is not None]
    return Verdict(passed=True, detail=f"{min(counts)} left" if counts else "not counted")
