"""The demo has a campaign that was sent, and one that waits for its day."""

import pytest
from django.db import transaction

from config.demo_campaigns import plan_offer, send_news
from config.provisioning import provision_tenant
from flows.models import Campaign
from kernel import clock
from segments.models import Membership, Segment
from tenants.models import Tenant
from tests.factories.campaigns import reached, run
from tests.factories.loyalty import make_profile


@pytest.mark.usefixtures("broker")
def test_one_is_sent_at_once_and_one_on_a_morning_ahead(tenant: Tenant) -> None:
    provision_tenant(tenant.pk)
    with transaction.atomic():
        people = [make_profile() for _ in range(3)]
        Segment.objects.update(redefined_at=None)
        repeat = Segment.objects.get(key="repeat")
        for person in people:
            Membership.objects.create(profile=person, segment_ids=[repeat.pk])
    now = clock.now()
    send_news(now, actor="ada@example.com")
    plan_offer(now, "Europe/London", actor="ada@example.com")
    run()
    with transaction.atomic():
        states = dict(Campaign.objects.values_list("name", "state"))
        assert states == {"What is new this month": "sending", "A look at next season": "scheduled"}
        sent = Campaign.objects.get(state="sending")
        assert len(reached()) == 3 - sent.held_out_count
