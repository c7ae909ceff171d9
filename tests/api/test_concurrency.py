"""Calls that come at the same time."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction

from crm.models import Event
from kernel.tenancy import tenant_scope
from tests.factories.tenants import call_with, make_key, make_tenant

BODY = {"items": [{"name": "Quiz Taken", "profile": {"email": "ada@example.com"}}]}


@pytest.mark.django_db(transaction=True)
def test_ten_calls_with_one_idempotency_key_do_the_work_once(broker: object) -> None:
    tenant = make_tenant()
    with transaction.atomic():
        client = call_with(make_key(tenant))

    def send(_: int) -> Any:
        try:
            return client.post(
                "/api/v1/events/bulk/",
                json.dumps(BODY),
                content_type="application/json",
                headers={"Idempotency-Key": "one"},
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(send, range(10)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    done = [answer for answer in answers if answer.status_code == 200]
    assert len({answer.content for answer in done}) == 1
    with tenant_scope(tenant.pk), transaction.atomic():
        assert Event.objects.filter(name="Quiz Taken").count() == 1
