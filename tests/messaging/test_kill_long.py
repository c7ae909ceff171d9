"""A worker that is killed in a long turn, in which the next claim is made while one leaves."""

from collections import Counter

import pytest
from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from messaging.choices import MessageClass
from messaging.models import Message
from messaging.services.pacing import BATCH_SIZE, Pace
from messaging.services.sending import send_due
from tests.messaging.test_kill import (  # noqa: F401 a fixture is among them
    KILLED_AT,
    MESSAGES,
    KillingServer,
    killer,
    make_merchant,
    send_in_a_child,
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_worker_that_is_killed_in_a_long_turn_leaves_two_claims_in_doubt_at_most(
    transactional_db: None,
    killer: KillingServer,  # noqa: F811 the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = Pace(claim_size=BATCH_SIZE, is_quick=True)
    monkeypatch.setattr(Pace, "of_lane", lambda together: quick)
    tenant = make_merchant(killer, MessageClass.PROMOTIONAL)

    send_in_a_child(tenant, killer)
    assert len(killer.raw) == KILLED_AT
    with tenant_scope(tenant.pk):
        with transaction.atomic():
            doubtful = Message.objects.filter(status="sending").update(due_at=clock.now())
        send_due(Deadline(seconds=None))
        with transaction.atomic():
            ended = Counter(Message.objects.values_list("status", flat=True))

    assert doubtful in (BATCH_SIZE, 2 * BATCH_SIZE)
    assert ended == {"sent": MESSAGES - doubtful, "unknown": doubtful}
    mails = Counter(str(mail["Message-ID"]) for mail in killer.mails)
    assert set(mails.values()) == {1}
    assert len(mails) >= MESSAGES - doubtful
