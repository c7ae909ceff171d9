"""One coupon, template or message that breaks never stops the lane."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from kernel.batches import Deadline
from kernel.errors import Invalid
from messaging.models import Coupon, Message
from messaging.services import coupons, sending, writing
from messaging.services.coupon_checks import CouponData, check_coupon
from messaging.services.coupons import create_coupon, update_coupon
from messaging.services.marking import mark_test
from messaging.types import PendingMessage
from messaging.variables import gather_values
from tenants.models import Tenant
from tests.factories.coupons import ACTOR, coupon_data, coupon_template
from tests.factories.messaging import make_recipient, make_template, queue_message
from tests.factories.tenants import call_with, make_key, sign_in
from tests.support.smtp import SmtpServer

FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
ALWAYS = {
    "name": "Always",
    "kind": "static",
    "offer": "percent",
    "percent": "10",
    "static_code": "ALWAYS10",
}
YEARS = "Say a time of the years 1900 to 2200; leave it out if there is none."
ZONES = ("Europe/Berlin", "America/New_York")


def drain() -> int:
    return sending.send_due(Deadline(seconds=None))


def became(messages: Sequence[Message]) -> list[tuple[str, str, str]]:
    rows = Message.objects.in_bulk([message.pk for message in messages])
    found = [rows[message.pk] for message in messages]
    return [(row.status, row.reason, row.detail) for row in found]


@pytest.mark.parametrize("zone", ZONES)
def test_a_coupon_that_ends_when_the_calendar_does_stops_no_mail(
    shop: Tenant, smtp: SmtpServer, zone: str
) -> None:
    Tenant.objects.filter(pk=shop.pk).update(timezone=zone)
    coupon = create_coupon(
        coupon_data(kind="static", static_code="ALWAYS10", name="Always"), actor=ACTOR
    )
    Coupon.objects.filter(pk=coupon.pk).update(ends_at=FOREVER)  # as an older release took it
    queued = [
        queue_message(make_recipient(), coupon_template(coupon)),
        queue_message(make_recipient(), make_template()),
    ]
    assert drain() == 2
    assert [row[0] for row in became(queued)] == ["sent", "sent"]
    assert "ALWAYS10" in smtp.mails[0].as_string()
    client = sign_in(shop)
    for page in ("", f"{coupon.pk}/", f"{coupon.pk}/edit/"):
        assert client.get(f"/t/ada-soap/content/coupons/{page}").status_code == 200


@pytest.mark.parametrize("zone", ZONES)
def test_a_coupon_ends_within_a_hundred_years(shop: Tenant, zone: str) -> None:
    Tenant.objects.filter(pk=shop.pk).update(timezone=zone)
    api, client = call_with(make_key(shop)), sign_in(shop)
    address = "/api/v1/coupons/offers/"
    for ends_at, reason in (
        (
            FOREVER.isoformat(),
            YEARS,
        ),
        ("2126-06-02T12:00:01Z", "At most 100 years ahead. Leave it empty if it does not end."),
    ):
        answer = api.post(address, {**ALWAYS, "ends_at": ends_at}, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["fields"] == {"ends_at": reason}
    for last in ("9999-12-31", "9999-12-30"):
        typed = {**ALWAYS, "ends_on": last, "when_out": "skip", "scope": "profile"}
        typed |= {"valid_unit": "days", "low_water": "0"}
        refused = client.post("/t/ada-soap/content/coupons/new/", typed)
        assert refused.status_code == 422
        assert "At most 100 years ahead." in refused.content.decode()
    assert not Coupon.objects.exists()
    body = {**ALWAYS, "ends_at": "2126-06-02T12:00:00Z"}
    assert api.post(address, body, content_type="application/json").status_code == 201


def test_of_two_coupons_of_one_name_at_once_the_second_is_refused(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = create_coupon(coupon_data(name="Other"), actor=ACTOR)
    check = check_coupon

    def check_and_lose(data: CouponData, known: Coupon | None = None) -> dict[str, Any]:
        """Let somebody else make the coupon between the check and the save."""
        values = check(data, known)
        Coupon.objects.create(**values, due_at=other.due_at)
        return values

    monkeypatch.setattr(coupons, "check_coupon", check_and_lose)
    for act in (
        lambda: create_coupon(coupon_data(name="Twin"), actor=ACTOR),
        lambda: update_coupon(other.pk, coupon_data(name="Third"), actor=ACTOR),
    ):
        with pytest.raises(Invalid) as refused:
            act()
        assert refused.value.fields == {"name": "There is a coupon of this name."}
    monkeypatch.undo()
    # Each lost its transaction, and what was made in it.
    assert list(Coupon.objects.values_list("name", flat=True)) == ["Other"]


def test_a_message_that_breaks_while_it_is_written_ends_alone(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = make_template()
    queued = [queue_message(make_recipient(), template) for _ in range(3)]
    mark = mark_test

    def fail(message: PendingMessage, content: Any) -> Any:
        if message.id == queued[1].pk:
            raise OverflowError("date value out of range")
        return mark(message, content)

    monkeypatch.setattr(writing, "mark_test", fail)
    assert drain() == 3
    broken = ("skipped", "render_error", "OverflowError('date value out of range')")
    assert became(queued) == [("sent", "", ""), broken, ("sent", "", "")]


def test_what_breaks_a_whole_set_is_found_by_halving_and_ends_alone(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = make_template()
    queued = [queue_message(make_recipient(), template) for _ in range(9)]
    bad = {queued[0].pk, queued[6].pk}
    gather = gather_values

    def fail(names: Any, messages: Sequence[PendingMessage]) -> Any:
        if bad & {message.id for message in messages}:
            raise OverflowError("date value out of range")
        return gather(names, messages)

    monkeypatch.setattr(writing, "gather_values", fail)
    drain()
    broken = ("skipped", "render_error", "OverflowError('date value out of range')")
    sent = ("sent", "", "")
    assert became(queued) == [broken, *[sent] * 5, broken, sent, sent]
    assert len(smtp.mails) == 7
    gates = Message.objects.get(pk=queued[0].pk).gates
    assert gates == [{"gate": "render", "passed": False, "detail": broken[2]}]


def test_what_breaks_whatever_the_template_waits_for_us(
    shop: Tenant, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = [queue_message(make_recipient(), make_template(key)) for key in ("one", "two")]

    def fail(*_: Any) -> Any:
        raise AttributeError("of ours")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "gather_values", fail)
        with pytest.raises(AttributeError), transaction.atomic():
            drain()
    assert [row[0] for row in became(queued)] == ["pending", "pending"]
    assert drain() == 2
    assert [row[0] for row in became(queued)] == ["sent", "sent"]
