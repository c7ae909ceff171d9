"""Flows that are switched while a worker is at their runs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from django.db import connection, transaction

from flows.choices import FlowStatus
from flows.models import Flow, FlowRun
from flows.services.flows import set_status
from kernel.tenancy import tenant_scope
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow
from tests.factories.loyalty import make_profile
from tests.flows.support import advance, happen, queued

pytestmark = [
    pytest.mark.usefixtures("noon"),
    pytest.mark.covers("F1"),
    pytest.mark.django_db(transaction=True),
]


@contextmanager
def going_on(tenant: Tenant, flow: Flow) -> Iterator[None]:
    """Let somebody else switch a flow on inside the block, and commit it at its end."""
    switched, looked = Event(), Event()

    def go_on() -> None:
        try:
            with tenant_scope(tenant.pk), transaction.atomic():
                set_status(flow.pk, FlowStatus.LIVE)
                switched.set()
                looked.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(go_on)
        try:
            assert switched.wait(60)
            yield
        finally:
            looked.set()
        going.result()


def test_nobody_is_set_aside_while_their_flow_goes_on(tenant: Tenant, noon: object) -> None:
    with transaction.atomic():
        flow = make_flow(definition())
        ada = make_profile()
        happen("Order Placed", ada)
        set_status(flow.pk, FlowStatus.PAUSED)
    with going_on(tenant, flow):
        assert advance() == 0
    with transaction.atomic():
        run = FlowRun.objects.get()
        assert (run.status, run.context) == ("active", {})
    assert advance() == 1
    with transaction.atomic():
        assert queued() == [("note", ada.pk)]
        assert FlowRun.objects.get().status == "completed"
