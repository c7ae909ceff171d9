"""Lets make-believe stores sell: draws purchases at a rate and sends what is due."""

import heapq
import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel import clock
from stores.simulator.payloads import LiveStore, Post
from stores.simulator.sender import Sender

IDLE_SECONDS = 0.2

Sleep = Callable[[float], None]


@dataclass(slots=True)
class Stall:
    """One store that sells: what happens in it, and where it posts."""

    store: LiveStore
    sender: Sender


def run(
    stalls: Sequence[Stall],
    *,
    per_second: float,
    count: int | None,
    seed: int,
    sleep: Sleep = time.sleep,
) -> None:
    """Sell until ``count`` orders were made, and send everything that follows from them.

    Args:
        stalls: at least one; each purchase picks one.
        per_second: purchases, over all stores; 0 sends as fast as the answers come.
        count: purchases; None goes on for ever.
        seed: of the choice among the stores.
        sleep: how it waits.
    """
    rng = random.Random(seed)
    later: list[tuple[float, int, Sender, Post]] = []
    order = itertools.count()
    next_at = clock.now()
    made = 0
    while count is None or made < count or later:
        now = clock.now()
        if (count is None or made < count) and now >= next_at:
            stall = rng.choice(stalls)
            for post in stall.store.purchase(now):
                heapq.heappush(later, (post.due_at.timestamp(), next(order), stall.sender, post))
            made += 1
            next_at = _next_purchase(now, per_second, rng)
        rush = per_second == 0 and count is not None
        if later and (rush or later[0][0] <= now.timestamp()):
            _, _, sender, post = heapq.heappop(later)
            sender.send(post)
        elif not rush or made == count:
            sleep(IDLE_SECONDS)


def _next_purchase(now: datetime, per_second: float, rng: random.Random) -> datetime:
    return now + timedelta(seconds=rng.expovariate(per_second) if per_second else 0)
