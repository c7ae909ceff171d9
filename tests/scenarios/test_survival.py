"""kill -9 of a worker, of Redis and of PostgreSQL while orders are posted: nothing is lost.

`PATRON_SURVIVAL_ORDERS` posts more of them: the claim is made for 2,000.
"""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from kernel import clock
from stores.simulator.payloads import Post
from stores.simulator.sender import Sender
from tests.support.instance import Instance, running_instance
from tests.support.shopify import simple_order

ORDERS = int(os.environ.get("PATRON_SURVIVAL_ORDERS", "240"))
SENDERS = 8
SETTLE_SECONDS = 300
PAUSE_SECONDS = 0.05
"""Between two orders of a sender, so that the kills fall while orders are posted."""


def post_orders(shop: dict[str, str], orders: list[Post], sent: list[str]) -> None:
    """Post until each is acknowledged, as a storefront does."""
    sender = Sender(shop["webhook_url"], "a secret of the shop", "ada-soap.example")
    for order in orders:
        sender.send(order)
        sent.append(order.delivery_id)
        time.sleep(PAUSE_SECONDS)
    sender.close()


def kill_in_turn(instance: Instance, sent: list[str]) -> list[int]:
    """Kill a worker, Redis and PostgreSQL after a quarter, a half and three quarters."""
    killed = []
    for share, word in ((0.25, " worker "), (0.5, "valkey"), (0.75, "postgres")):
        while len(sent) < share * ORDERS:
            time.sleep(0.01)
        killed.append(instance.kill(word))
    return killed


def wait_until_idle(instance: Instance, key: str) -> None:
    """Wait until no delivery and no mail waits any more."""
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        if not instance.is_ready():  # PostgreSQL was killed a moment ago
            time.sleep(1)
            continue
        pending = instance.get("/api/v1/inbox/?status=pending&limit=1", key)["results"]
        if not pending and instance.manage("drain", "--until-idle")["rounds"] == 0:
            return
        time.sleep(1)
    pytest.fail("work was left after the recovery")


@pytest.mark.covers("O4", "O7")
def test_every_acknowledged_order_is_there_once_and_mailed_once() -> None:
    orders = [
        Post(clock.now(), "orders/create", simple_order(number), f"delivery-{number}")
        for number in range(ORDERS)
    ]
    sent: list[str] = []
    with running_instance() as instance:
        tenant = instance.manage(
            "create_tenant", "--name", "Ada Soap", "--currency", "GBP",
            "--timezone", "Europe/London", "--owner-email", "ada@example.com",
            "--owner-password", "correct-horse-battery",
        )  # fmt: skip
        shop = instance.manage(
            "connect_store", "--tenant", tenant["slug"], "--platform", "shopify",
            "--name", "Ada's shop", "--secret", "a secret of the shop",
        )  # fmt: skip
        with ThreadPoolExecutor(SENDERS + 1) as pool:
            killer = pool.submit(kill_in_turn, instance, sent)
            for place in range(SENDERS):
                pool.submit(post_orders, shop, orders[place::SENDERS], sent)
        assert all(killer.result())
        assert sorted(sent) == sorted(order.delivery_id for order in orders)

        wait_until_idle(instance, tenant["secret_key"])
        found = instance.list_all("/api/v1/orders/", tenant["secret_key"])
        mails = instance.get("/mailbox/messages.json")
        check_orders(found)
        check_mails(mails)
        assert instance.manage("verify")["differences"] == 0


def check_orders(found: list[Any]) -> None:
    counts = Counter(order["external_id"] for order in found)
    assert counts == Counter({str(5_000_000 + number): 1 for number in range(ORDERS)})


def check_mails(mails: list[Any]) -> None:
    """One mail each; a second one only with the Message-ID of the first."""
    by_person: dict[str, list[Any]] = {}
    for mail in mails:
        by_person.setdefault(mail["to"][0], []).append(mail)
    assert set(by_person) == {f"shopper{number}@example.com" for number in range(ORDERS)}
    for received in by_person.values():
        assert len({_header(mail, "Message-ID") for mail in received}) == 1
        assert len(received) <= 2


def _header(mail: Any, name: str) -> str:
    headers = {key.lower(): value for key, value in dict(mail["headers"]).items()}
    return str(headers[name.lower()])
