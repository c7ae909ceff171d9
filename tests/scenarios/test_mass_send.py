"""kill -9 of two workers, Redis and PostgreSQL during a large send: nobody gets two mails.

`PATRON_MASS_SEND` sends more of them: the claim is made for 20,000.
"""

import json
import os
import time
from collections import Counter

import pytest

from tests.support.instance import Instance, running_instance

MAILS = int(os.environ.get("PATRON_MASS_SEND", "300"))
SETTLE_SECONDS = 900 + MAILS / 20
POLL_SECONDS = 0.1
IN_DOUBT = 4 * 10
"""At most ten messages for each kill."""
KILLS = ((0.1, " worker "), (0.3, "valkey"), (0.5, "postgres"), (0.7, " worker "))
"""Share of the mails that have arrived, and who is killed then."""
TENANT = "Tenant.objects.get(slug='{slug}').pk"
QUEUE = """
from django.db import transaction
from crm.models import Profile
from crm.services.api_store import resolve_store
from crm.services.ingest import apply_records
from crm.types import CustomerRecord
from kernel import clock
from kernel.scope import tenant_scope
from messaging.services.queueing import queue_messages
from tenants.models import Tenant
from tests.factories.messaging import make_template, new_message
now = clock.now()
people = [
    CustomerRecord(external_id=str(number), version_at=now, email=f'shopper{{number}}@example.com',
        first_name='Ada', email_consent='subscribed', consent_at=now)
    for number in range({mails})
]
with tenant_scope({tenant}), transaction.atomic():
    apply_records(resolve_store(None), people, source='api', now=now)
    template = make_template()
    queue_messages([new_message(person, template) for person in Profile.objects.all()])
"""
LIST = """
import json
from django.db import transaction
from kernel.scope import tenant_scope
from messaging.models import Message
from tenants.models import Tenant
with tenant_scope({tenant}), transaction.atomic():
    rows = list(Message.objects.order_by('id').values('address', 'status', 'reason', 'detail'))
print(json.dumps(rows))
"""


def run_code(instance: Instance, code: str, slug: str) -> str:
    return instance.run(code.format(tenant=TENANT.format(slug=slug), mails=MAILS))


def count_mails(instance: Instance) -> int:
    return sum(1 for file in instance.folder.mailbox.iterdir() if file.suffix == ".eml")


def kill_in_turn(instance: Instance) -> list[int]:
    killed = []
    until = time.monotonic() + SETTLE_SECONDS
    for share, word in KILLS:
        while count_mails(instance) < share * MAILS:
            assert time.monotonic() < until, f"{count_mails(instance)} of {MAILS} mails arrived"
            time.sleep(POLL_SECONDS)
        killed.append(instance.kill(word))
    return killed


def wait_until_settled(instance: Instance, slug: str) -> list[dict[str, str]]:
    """Wait for the recovery, let the leases of dead workers end, and return what became of all."""

    def look() -> list[dict[str, str]]:
        instance.manage("drain", "--until-idle")
        messages: list[dict[str, str]] = json.loads(run_code(instance, LIST, slug))
        return messages

    def is_over(messages: list[dict[str, str]]) -> bool:
        return {message["status"] for message in messages} <= {"sent", "unknown"}

    return instance.settle(slug, look, is_over, seconds=SETTLE_SECONDS)


@pytest.mark.covers("O4")
def test_every_recipient_has_one_mail_or_one_stated_reason() -> None:
    with running_instance() as instance:
        tenant = instance.manage(
            "create_tenant", "--name", "Ada Soap", "--currency", "GBP",
            "--timezone", "Europe/London", "--owner-email", "ada@example.com",
            "--owner-password", "correct-horse-battery",
        )  # fmt: skip
        slug = tenant["slug"]
        run_code(instance, QUEUE, slug)
        assert all(kill_in_turn(instance))
        messages = wait_until_settled(instance, slug)

        check(messages, list_recipients(instance))
        assert instance.manage("verify")["differences"] == 0


def list_recipients(instance: Instance) -> list[str]:
    files = instance.folder.mailbox.glob("*.eml")
    return [json.loads(file.with_suffix(".json").read_text())["to"][0] for file in files]


def check(messages: list[dict[str, str]], recipients: list[str]) -> None:
    received = Counter(recipients)
    assert len(messages) == MAILS
    assert set(received.values()) == {1}
    for message in messages:
        if message["status"] == "sent":
            assert received[message["address"]] == 1, message
        else:
            assert message["reason"] == "outcome_unknown"
            assert message["detail"].startswith("outcome unknown, not sent again")
    assert Counter(message["status"] for message in messages)["sent"] >= MAILS - IN_DOUBT
