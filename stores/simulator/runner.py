"""Lets make-believe stores sell: draws purchases at a rate and does what is due."""

import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from kernel import clock
from stores.simulator.payloads import LiveStore, Post
from stores.simulator.readers import Letter, Letterbox, decide_reading
from stores.simulator.sender import Sender

IDLE_SECONDS = 0.2
DEMO_SECONDS = 8.0
SLOWEST_SECONDS = 900.0
LOOK_EVERY = timedelta(seconds=3)
"""How often the readers look for mail."""
MOMENT = timedelta(seconds=1)
"""The readers' pace: a newcomer sees opens and clicks within a minute."""

Act = Callable[[], None]
Pause = Callable[[int], float]
Sleep = Callable[[float], None]


@dataclass(slots=True)
class Stall:
    """One store that sells: what happens in it, where it posts, and whose it is."""

    store: LiveStore
    sender: Sender
    tenant_id: int = 0


def demo_pause(made: int) -> float:
    """Return the mean seconds to the demo's next order: a busy first minute, then an ordinary day.

    A newcomer sees orders come in at once, and the day's figures stay those of a small shop.
    """
    return min(SLOWEST_SECONDS, DEMO_SECONDS * (1 + (made / 6) ** 2))


class Agenda:
    """What is to be done, by when; what is due at the same instant keeps its order."""

    def __init__(self) -> None:
        self._later: list[tuple[datetime, int, Act]] = []
        self._order = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._later)

    def put(self, at: datetime, act: Act) -> None:
        """Note something for later."""
        heapq.heappush(self._later, (at, next(self._order), act))

    def do_next(self, now: datetime | None) -> bool:
        """Do the first thing if it is due; None does it at once. Say whether it was done."""
        if not self._later or (now is not None and self._later[0][0] > now):
            return False
        heapq.heappop(self._later)[2]()
        return True


class Readers:
    """The people whose mail is read, and who may buy again."""

    def __init__(self, letterbox: Letterbox, stalls: Iterable[Stall], *, seed: int) -> None:
        """Read the mails of some stores' tenants.

        Args:
            letterbox: where they arrive.
            stalls: where readers buy.
            seed: of what each does.
        """
        self._letterbox = letterbox
        self._stalls = list(stalls)
        self._rng = random.Random(seed)
        self._next_look = clock.now()

    def look(self, now: datetime, agenda: Agenda) -> None:
        """Note what the readers of new mails will do; looks only every few seconds."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        for letter in self._letterbox.take_new():
            self._plan(letter, now, agenda)

    def _plan(self, letter: Letter, now: datetime, agenda: Agenda) -> None:
        reading = decide_reading(self._rng, pace=MOMENT)
        visit = self._letterbox.visit
        if reading.open_after and letter.picture:
            agenda.put(now + reading.open_after, partial(visit, letter.picture))
        if reading.click_after and letter.links:
            agenda.put(now + reading.click_after, partial(visit, letter.links[0]))
            if reading.buy_after:
                buys_at = now + reading.buy_after
                agenda.put(buys_at, partial(self._buy_again, letter, buys_at, agenda))

    def _buy_again(self, letter: Letter, at: datetime, agenda: Agenda) -> None:
        for stall in self._stalls:
            shopper = stall.store.find_shopper(letter.to)
            if stall.tenant_id == letter.tenant_id and shopper:
                send_all(stall, stall.store.purchase(at, shopper), agenda)
                return


def run(
    stalls: Sequence[Stall],
    *,
    pause: Pause,
    count: int | None,
    seed: int,
    readers: Readers | None = None,
    sleep: Sleep = time.sleep,
) -> None:
    """Sell until ``count`` orders were made, and send everything that follows from them.

    Args:
        stalls: at least one; each purchase picks one.
        pause: mean seconds from one purchase to the next, over all stores, by how many there
            were; 0 sends as fast as the answers come.
        count: purchases; None goes on for ever.
        seed: of the choice among the stores.
        readers: who reads the mails meanwhile; None lets nobody read them.
        sleep: how it waits.
    """
    rng = random.Random(seed)
    agenda = Agenda()
    next_at = clock.now()
    made = 0
    rush = count is not None and not pause(0)
    while count is None or made < count or agenda:
        now = clock.now()
        if (count is None or made < count) and now >= next_at:
            stall = rng.choice(stalls)
            send_all(stall, stall.store.purchase(now), agenda)
            made += 1
            next_at = now + timedelta(seconds=rng.expovariate(1) * pause(made))
        if readers:
            readers.look(now, agenda)
        if not agenda.do_next(None if rush else now):
            sleep(IDLE_SECONDS)


def send_all(stall: Stall, posts: Iterable[Post], agenda: Agenda) -> None:
    """Note every webhook of a purchase for when it is due."""
    for post in posts:
        agenda.put(post.due_at, partial(stall.sender.send, post))


def leave_carts(stalls: Sequence[Stall], count: int) -> None:
    """Tell each store of so many carts that were left an hour ago."""
    for stall in stalls:
        for _ in range(count):
            for post in stall.store.leave_cart(clock.now()):
                stall.sender.send(post)
