"""Campaigns under real threads: no pause, resume or cancellation loses or doubles anybody."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from flows.models import Campaign
from flows.services.campaigns import building, releasing
from flows.services.campaigns.scheduling import (
    cancel_campaign,
    pause_campaign,
    resume_campaign,
    schedule_campaign,
)
from kernel.batches import Deadline
from kernel.errors import Conflict
from kernel.tenancy import tenant_scope
from messaging.models import Message, Template
from messaging.services.senders import ensure_default_sender
from messaging.services.stops import work_off_stops
from tenants.models import Tenant
from tests.factories.campaigns import make_audience, make_campaign, reached, run
from tests.factories.loyalty import make_profile

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db(transaction=True)]
PEOPLE = 60


@pytest.fixture
def campaign(tenant: Tenant, noon: object, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    monkeypatch.setattr(building, "CHUNK", 7)
    monkeypatch.setattr(releasing, "CHUNK", 3)
    with transaction.atomic():
        ensure_default_sender()
        audience = make_audience([make_profile() for _ in range(PEOPLE)])
        made = make_campaign(audience, [Template.objects.get(key="note").pk])
    schedule_campaign(made.pk)
    return made


def side_by_side(tenant: Tenant, *jobs: object) -> None:
    def work(job: object) -> None:
        try:
            with tenant_scope(tenant.pk):
                job()  # type: ignore[operator]
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(work, jobs))


@pytest.mark.covers("M2")
def test_pauses_and_resumes_under_way_lose_and_double_nobody(
    tenant: Tenant, campaign: Campaign
) -> None:
    def hold_and_let_go() -> None:
        for _ in range(15):
            for act in (pause_campaign, resume_campaign):
                try:
                    act(campaign.pk, actor="ada@example.com")
                except Conflict:  # it had not begun, or was over
                    continue

    side_by_side(tenant, run, run, run, hold_and_let_go)
    with transaction.atomic():
        state = Campaign.objects.get().state
    if state == "paused":
        resume_campaign(campaign.pk)
    run()
    with transaction.atomic():
        assert sorted(Counter(reached()).values()) == [1] * PEOPLE
        assert Campaign.objects.get().released_count == PEOPLE


def test_nothing_is_queued_after_a_cancellation_was_answered(
    tenant: Tenant, campaign: Campaign
) -> None:
    counted: list[int] = []

    def cancel() -> None:
        cancel_campaign(campaign.pk, actor="ada@example.com")
        with transaction.atomic():
            counted.append(Message.objects.count())

    side_by_side(tenant, run, cancel, run)
    run()
    work_off_stops(Deadline(None))
    with transaction.atomic():
        assert Message.objects.count() == counted[0]
        assert set(Message.objects.values_list("status", flat=True)) <= {"cancelled"}
        assert Campaign.objects.get().state == "cancelled"
