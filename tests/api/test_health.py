"""Whether Patron is alive, able to work, and how much waits."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from config.health import SLOW_AFTER
from config.queue_scans import DEPTHS
from config.work import WORK
from crm.models import Reaction
from kernel import clock
from kernel.tenancy import tenant_scope
from tenants.models import Tenant

BOTH = pytest.mark.django_db(databases=["default", "sys"], transaction=True)


def wait(age: timedelta) -> None:
    tenant = Tenant.objects.create(name="Ada", slug="ada", currency="GBP")
    now = clock.now()
    with tenant_scope(tenant.pk), transaction.atomic():
        Reaction.objects.create(
            event_id=1, occurred_at=now, event_name="Order Placed", created_at=now - age
        )


def test_alive_is_said_without_asking_anything(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@BOTH
def test_ready_names_every_check(client: Client, broker: object) -> None:
    answer = client.get("/readyz")
    body = answer.json()
    assert answer.status_code == 200, body
    assert set(body["checks"]) == {"database", "broker", "migrations", "queue_age", "search"}
    assert all(check["ok"] for check in body["checks"].values())


@BOTH
def test_without_the_broker_it_is_not_ready_and_says_so(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    failed = [name for name, check in answer.json()["checks"].items() if not check["ok"]]
    assert failed == ["broker"]


@BOTH
def test_work_that_waits_too_long_is_named(client: Client, broker: object) -> None:
    wait(SLOW_AFTER + timedelta(minutes=1))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["queue_age"]["detail"].startswith("work waits: reactions for")


@BOTH
def test_the_figures_are_read_over_all_tenants(client: Client) -> None:
    wait(timedelta(minutes=1))
    text = client.get("/metrics").content.decode()
    assert 'patron_queue_depth{kind="reactions"} 1.0' in text
    assert 'patron_queue_depth{kind="inbox"} 0.0' in text
    assert 'patron_queue_age_seconds{kind="reactions"}' in text


def test_every_kind_of_work_is_measured() -> None:
    measured: dict[str, Any] = DEPTHS
    assert set(measured) == set(WORK)
