"""The readers of the demo: who opens, who clicks, who buys again, and whose mails they leave."""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from stores.simulator.catalogue import JUNIPER
from stores.simulator.payloads import LiveStore, Post
from stores.simulator.people import Shopper
from stores.simulator.readers import (
    USER_AGENT,
    Letter,
    Letterbox,
    Reading,
    decide_reading,
    read_letter,
)
from stores.simulator.runner import Agenda, Readers, Stall, demo_pause
from tests.support.storefront import Recorder

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
ADA = Shopper("71", "Ada", "Byron", "ada@shoppers.example", "GB", "Leeds", is_subscribed=True)


class FakeLetterbox(Letterbox):
    """Holds letters, and notes what was visited."""

    def __init__(self, letters: list[Letter]) -> None:
        self.letters = letters
        self.visited: list[str] = []

    def take_new(self) -> list[Letter]:
        taken, self.letters = self.letters, []
        return taken

    def visit(self, path: str) -> None:
        self.visited.append(path)


class FakeSender:
    """Notes the topics it is given."""

    def __init__(self) -> None:
        self.posts: list[Post] = []

    def send(self, post: Post) -> None:
        self.posts.append(post)


def mail(number: int, reference: str = "2-197", links: str = "") -> dict[str, Any]:
    pixel = f'<img src="http://patron.example:8000/o/t{number}:s.gif" width="1">'
    return {
        "id": f"20260504-{number}",
        "to": ["ada@shoppers.example"],
        "headers": {"X-Patron-Message": reference},
        "html": f'<a href="mailto:shop@x.example">x</a>{links}{pixel}',
    }


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 make-believe data is not cryptography


def test_a_believable_share_opens_clicks_and_buys_again_after_a_while() -> None:
    rng = seeded(1)
    readings = [decide_reading(rng, pace=timedelta(seconds=1)) for _ in range(2000)]
    kinds = Counter(
        sum(step is not None for step in (each.open_after, each.click_after, each.buy_after))
        for each in readings
    )

    assert kinds == {0: 1099, 1: 669, 2: 134, 3: 98}
    for each in readings:
        steps = [step for step in (each.open_after, each.click_after, each.buy_after) if step]
        assert steps == sorted(steps)
        assert not steps or steps[0] >= timedelta(seconds=5)


def test_the_pace_stretches_a_reading() -> None:
    quick = decide_reading(seeded(4), pace=timedelta(seconds=1))
    slow = decide_reading(seeded(4), pace=timedelta(minutes=1))

    assert quick.open_after
    assert slow.open_after == 60 * quick.open_after


def test_a_letter_names_its_tenant_and_its_own_addresses_without_the_host() -> None:
    link = '<a class="go" href="http://patron.example:8000/c/one:s">Visit</a>'

    assert read_letter(mail(1, links=link)) == Letter(
        "20260504-1", 2, "ada@shoppers.example", "/o/t1:s.gif", ("/c/one:s",)
    )
    assert read_letter({**mail(1), "headers": {}, "html": ""}) == Letter(
        "20260504-1", 0, "ada@shoppers.example", "", ()
    )


def test_only_new_mails_of_the_demo_are_taken_and_visits_look_like_a_browser(
    recorder: Recorder,
) -> None:
    recorder.answers = [[mail(1)], [mail(4, "9-1"), mail(3), mail(2), mail(1)], []]
    letterbox = Letterbox(recorder.url, [2])

    assert letterbox.take_new() == []
    assert [letter.id for letter in letterbox.take_new()] == ["20260504-2", "20260504-3"]
    assert letterbox.take_new() == []
    letterbox.visit("/o/t1:s.gif")
    paths = [path for path, _ in recorder.fetched]
    assert paths == ["/mailbox/messages.json?limit=20"] * 3 + ["/o/t1:s.gif"]
    assert recorder.fetched[-1][1]["User-Agent"] == USER_AGENT


def test_a_sink_that_does_not_answer_has_no_mails(recorder: Recorder) -> None:
    recorder.statuses = [404]
    letterbox = Letterbox(recorder.url, [2])

    assert letterbox.take_new() == []
    letterbox = Letterbox("http://127.0.0.1:1", [2])
    letterbox.visit("/o/x.gif")
    assert letterbox.take_new() == []


def test_a_reader_opens_clicks_and_buys_at_her_own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    step = timedelta(seconds=10)
    monkeypatch.setattr(
        "stores.simulator.runner.decide_reading",
        lambda rng, *, pace: Reading(step, 2 * step, 3 * step),
    )
    letter = Letter("1", 2, ADA.email, "/o/1.gif", ("/c/1", "/c/2"))
    stranger = Letter("2", 3, "li@shoppers.example", "", ("/c/3",))
    box, sender, other = FakeLetterbox([letter, stranger]), FakeSender(), FakeSender()
    stalls = [
        Stall(LiveStore(JUNIPER, seed=1, known=[ADA]), other, 3),  # type: ignore[arg-type] # a fake
        Stall(LiveStore(JUNIPER, seed=2, known=[ADA]), sender, 2),  # type: ignore[arg-type] # a fake
    ]
    agenda = Agenda()
    with time_machine.travel(NOW, tick=False):
        readers = Readers(box, stalls, seed=1)
    readers.look(NOW, agenda)
    readers.look(NOW + timedelta(seconds=1), agenda)
    while agenda.do_next(NOW + 3 * step):
        pass

    assert box.visited == ["/o/1.gif", "/c/1", "/c/3"]
    assert other.posts == []
    orders = [post for post in sender.posts if post.topic == "orders/create"]
    assert [order.payload["email"] for order in orders] == [ADA.email]
    assert json.dumps(orders[0].payload["customer"]["id"]) == ADA.external_id


def test_an_agenda_does_what_is_due_in_order() -> None:
    done: list[str] = []
    agenda = Agenda()
    agenda.put(NOW + timedelta(seconds=9), lambda: done.append("late"))
    agenda.put(NOW, lambda: done.append("first"))
    agenda.put(NOW, lambda: done.append("second"))

    assert [agenda.do_next(NOW) for _ in range(3)] == [True, True, False]
    assert agenda.do_next(None)
    assert not agenda
    assert done == ["first", "second", "late"]


def test_the_demo_is_busy_at_first_and_calm_in_the_end() -> None:
    assert [round(demo_pause(made)) for made in (0, 3, 6, 12, 30, 100)] == [8, 10, 16, 40, 208, 900]
    assert sum(demo_pause(made) for made in range(8)) < 180
