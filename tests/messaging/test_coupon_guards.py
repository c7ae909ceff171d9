"""Codes that several workers and members take hold of at once, and the end of one in its shop."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from crm.models import Store
from crm.services.stores import StoreData
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict
from messaging.models import CouponCode, Message
from messaging.services import coupon_claims, sending
from messaging.services.coupons import release_code, terms_at_stores
from stores.models import StoreWrite
from stores.services.connections import connect_store
from stores.services.writing import request_code, switch_on
from tenants.models import Tenant
from tests.factories.coupons import ACTOR, coupon_template, make_pool
from tests.factories.messaging import make_recipient, queue_message
from tests.support.smtp import SmtpServer


def drain() -> int:
    return sending.send_due(Deadline(seconds=None))


@pytest.mark.covers("M12")
def test_a_code_that_expired_when_the_next_message_asks_ends_in_the_shop_too(
    shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    data = StoreData(name="Ada", platform="shopify", currency="GBP")
    store = Store.objects.get(pk=connect_store(data).store_id)
    switch_on(store.pk, "codes", {}, actor=ACTOR)
    coupon = make_pool(["A1", "B2"], valid_hours=24, store_ids=[store.pk])
    type(coupon).objects.filter(pk=coupon.pk).update(is_written=True)
    terms = terms_at_stores(coupon)
    for code in ("A1", "B2"):
        request_code(store.pk, code, terms)
    template = coupon_template(coupon, message_class="transactional")
    person = make_recipient()
    queue_message(person, template)
    assert drain() == 1
    noon.shift(timedelta(hours=25))
    queue_message(person, template)
    assert drain() == 1
    assert dict(CouponCode.objects.values_list("code", "status")) == {"A1": "expired", "B2": "sent"}
    active = {row.subject: row.value["is_active"] for row in StoreWrite.objects.all()}
    assert active == {"A1": False, "B2": True}


def test_a_code_that_somebody_else_got_meanwhile_is_not_taken_from_them(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = coupon_template(make_pool(["A1", "B2"]), message_class="transactional")
    person, other = make_recipient(), make_recipient()
    queue_message(person, template)
    drain()
    find = coupon_claims._find_held

    def find_and_lose(wants: Any) -> Any:
        """Another worker gives the code back and to somebody else, right after it was read."""
        held = find(wants)
        CouponCode.objects.filter(code="A1").update(profile=other, holder=f"profile:{other.pk}")
        return held

    monkeypatch.setattr(coupon_claims, "_find_held", find_and_lose)
    second = queue_message(person, template)
    drain()
    code = CouponCode.objects.get(code="A1")
    assert (code.profile_id, code.message_id == second.pk, len(smtp.mails)) == (other.pk, False, 1)
    second.refresh_from_db()
    assert second.status == "pending"
    assert second.due_at > clock.now()


def test_a_code_in_a_message_that_is_being_sent_is_not_given_back_by_hand(
    shop: Tenant, smtp: SmtpServer
) -> None:
    coupon = make_pool(["A1"])
    message = queue_message(make_recipient(), coupon_template(coupon))
    drain()
    code = CouponCode.objects.get(code="A1")
    for status in ("sending", "pending"):
        Message.objects.filter(pk=message.pk).update(status=status)
        with pytest.raises(Conflict, match="A message that is being sent carries this code"):
            release_code(coupon.pk, code.pk, actor=ACTOR)
        code.refresh_from_db()
        assert (code.status, code.profile_id) == ("sent", message.profile_id)
    Message.objects.filter(pk=message.pk).update(status="sent")
    assert release_code(coupon.pk, code.pk, actor=ACTOR) == "A1"
