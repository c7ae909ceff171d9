"""A store whose app was removed: what was to be sent for it, and to whom only it knows."""

from typing import Any

import pytest

from crm.choices import StoreStatus
from crm.models import Order, Profile, Store
from crm.types import StoreClosedRecord
from kernel.batches import Deadline
from messaging.choices import MessageClass
from messaging.models import Message
from messaging.services.sending import send_due
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order
from tests.factories.messaging import make_template, queue_message
from tests.support.smtp import SmtpServer

OPTED_IN = {"email_consent": "subscribed", "consent_at": NOON}
LEFT_BEHIND = "no storefront that knows this person is connected"

pytestmark = pytest.mark.django_db


def close(store: Store) -> None:
    assert apply(store, StoreClosedRecord(occurred_at=NOON)) == ["updated"]


def buyer(store: Store, name: str) -> Profile:
    """Return somebody who bought in a store, under an order of the same name."""
    email = f"{name}@example.com"
    who = customer(name, email=email, first_name=name, **OPTED_IN)
    apply(store, order(name, email=email, customer=who))
    return Profile.objects.get(email=email)


def queue(profile: Profile, message_class: str, **context: Any) -> Message:
    template = make_template(message_class, message_class)
    return queue_message(profile, template, context=context)


def fates(*messages: Message) -> list[tuple[str, str, str]]:
    send_due(Deadline(seconds=None))
    found = {row.pk: row for row in Message.objects.all()}
    rows = [found[message.pk] for message in messages]
    return [(row.status, row.reason, row.detail) for row in rows]


def test_what_waits_for_orders_of_a_removed_store_is_not_sent(
    shop: Tenant, smtp: SmtpServer
) -> None:
    gone, stays = make_store("Gone"), make_store("Stays")
    ada, bo = buyer(gone, "ada"), buyer(stays, "bo")
    orders = dict(Order.objects.values_list("external_id", "pk"))
    of_gone = queue(ada, MessageClass.TRANSACTIONAL, order_id=orders["ada"])
    of_stays = queue(bo, MessageClass.TRANSACTIONAL, order_id=orders["bo"])
    of_none = queue(ada, MessageClass.SERVICE)

    close(gone)

    assert fates(of_gone, of_stays, of_none) == [
        ("skipped", "store_uninstalled", "Gone"),
        ("sent", "", ""),
        ("sent", "", ""),
    ]
    assert smtp.received == {"bo@example.com": 1, "ada@example.com": 1}


def test_marketing_stops_for_those_whom_only_the_removed_store_knows(
    shop: Tenant, smtp: SmtpServer
) -> None:
    gone, stays = make_store("Gone"), make_store("Stays", platform="woocommerce")
    ada, both = buyer(gone, "ada"), buyer(gone, "both")
    apply(stays, order("both-2", email="both@example.com"))
    apply(gone, customer("no-order", email="cid@example.com", **OPTED_IN))
    unknown = Profile.objects.create(
        first_name="Ada", email="file@example.com", email_consent="subscribed"
    )
    known = Profile.objects.get(email="cid@example.com")
    people = [ada, known, both, unknown]
    messages = [queue(profile, MessageClass.PROMOTIONAL) for profile in people]

    close(gone)

    assert fates(*messages) == [
        ("skipped", "store_uninstalled", LEFT_BEHIND),
        ("skipped", "store_uninstalled", LEFT_BEHIND),
        ("sent", "", ""),
        ("sent", "", ""),
    ]


def test_marketing_stops_altogether_with_the_last_storefront(
    shop: Tenant, smtp: SmtpServer
) -> None:
    gone, files = make_store("Gone"), make_store("Import", platform="custom")
    ada = buyer(gone, "ada")
    apply(files, order("old", email="ada@example.com"))
    unknown = Profile.objects.create(
        first_name="Ada", email="file@example.com", email_consent="subscribed"
    )
    messages = [queue(profile, MessageClass.PROMOTIONAL) for profile in (ada, unknown)]

    close(gone)

    assert fates(*messages) == [("skipped", "store_uninstalled", LEFT_BEHIND)] * 2
    assert smtp.received == {}


def test_a_tenant_without_storefront_sends_what_it_sent(shop: Tenant, smtp: SmtpServer) -> None:
    make_store("API", platform="custom", status=StoreStatus.UNINSTALLED)
    profile = Profile.objects.create(
        first_name="Ada", email="ada@example.com", email_consent="subscribed"
    )

    assert fates(queue(profile, MessageClass.PROMOTIONAL)) == [("sent", "", "")]
