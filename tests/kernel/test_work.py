"""Rows are the queue and the broker is the doorbell: rings are coalesced and may be lost."""

import base64
import json

import pytest
import redis
from django.conf import settings
from django.db import transaction

from kernel import work
from kernel.batches import Deadline
from kernel.broker import connect_broker
from kernel.scope import current_tenant_id
from kernel.work import WorkKind, drain_tenant, gather_rings, ring, ring_now, work_off
from tenants.models import Tenant

KINDS = {
    "dishes": WorkKind(
        task="tests.wash", queue="webhooks", service="tests.kernel.test_work.wash", due="SELECT 1"
    )
}
waiting: list[int] = []


def wash(deadline: Deadline) -> int:
    """Take one plate; the stand-in of a service."""
    if not waiting:
        return 0
    assert waiting.pop() == current_tenant_id()
    return 1


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch, broker: "redis.Redis") -> None:
    waiting.clear()
    monkeypatch.setattr(settings, "WORK_KINDS", "tests.kernel.test_work.KINDS")
    monkeypatch.setattr(settings, "SUSPENDED_TENANTS", "")


def queued(broker: "redis.Redis") -> list[int]:
    """Return the tenants of the waiting tasks, first in first out."""
    tasks = [json.loads(raw) for raw in reversed(broker.lrange("webhooks", 0, -1))]
    return [json.loads(_body(task))[0][0] for task in tasks]


def _body(task: dict[str, str]) -> bytes:
    return base64.b64decode(task["body"])


def test_a_second_ring_adds_nothing_while_one_waits(broker: "redis.Redis") -> None:
    ring_now("dishes", 7)
    ring_now("dishes", 7)
    ring_now("dishes", 8)

    assert queued(broker) == [7, 8]


def test_rings_that_are_gathered_sound_at_first_and_at_the_end(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "GATHER_SECONDS", float("inf"))
    with gather_rings():
        ring_now("dishes", 7)
        ring_now("dishes", 8)
        work._forget_ring("dishes", 7)  # a worker takes it up
        ring_now("dishes", 7)
        assert queued(broker) == [7, 8]

    assert queued(broker) == [7, 8, 7]


@pytest.mark.django_db(transaction=True)
def test_a_ring_sounds_only_when_the_transaction_commits(broker: "redis.Redis") -> None:
    with transaction.atomic():
        ring("dishes", 7)
        transaction.set_rollback(True)

    assert queued(broker) == []

    with transaction.atomic():
        ring("dishes", 7)
        assert queued(broker) == []

    assert queued(broker) == [7]


def test_a_turn_that_left_nothing_to_do_is_not_rung_again(broker: "redis.Redis") -> None:
    work_off("dishes", 7)

    assert queued(broker) == []


def test_a_turn_that_did_something_rings_again_and_lets_others_go_first(
    broker: "redis.Redis",
) -> None:
    waiting.append(7)
    ring_now("dishes", 8)

    work_off("dishes", 7)

    assert waiting == []
    assert queued(broker) == [8, 7]


def test_a_broker_that_is_down_loses_the_ring_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = connect_broker("redis://127.0.0.1:1/0", seconds=1)
    monkeypatch.setattr(work, "_broker", lambda: dead)
    # A webhook waits for the answer; the ring is not worth a second try later.
    monkeypatch.setattr("redis.retry.sleep", pytest.fail)
    waiting.append(7)

    ring_now("dishes", 7)
    work_off("dishes", 7)

    assert waiting == []


def test_draining_a_tenant_stops_when_nothing_is_left(tenant: Tenant) -> None:
    waiting.extend([tenant.pk] * 3)

    assert drain_tenant(tenant.pk) == 3
    assert waiting == []
