"""A return that begins on the pages of Patron: by the customer, or by a member for them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.models import Order, Product, Refund, Return, Shipment, Variant
from crm.queries.giving_back import find_giving_back
from flows.models import Task
from kernel import clock
from messaging.types import order_of
from tenants.models import AuditEntry
from tests.factories.crm import make_store
from tests.flows.library.goods import ship
from tests.flows.library.story import SLUG, Story
from tests.flows.library.wares import SMALL, body_of, line, of_library, stock

LABEL = "https://returns.example/label/1"
CHOSEN = {"pieces-0": "1", "instead-0": "SOAP-L", "reason": "It does not fit", "note": "Too small"}


def deliver(story: Story) -> tuple[str, str]:
    """Let Ada have two pieces of soap; return her page for returns, and that of the members."""
    for key in ("started", "asked", "news", "finished"):
        story.install(f"return_{key}")
    story.install("delivery_confirmation")
    stock(story, 0, 5)
    story.person("ada", email_consent="unsubscribed")
    order = story.order("ada", lines=[line(SMALL, 2)])
    ship(story, order, status="delivered", delivered_at=clock.now())
    story.live(minutes=1)
    path = re.findall(r"(/b/[^\s?\"<>)]+)", body_of(story, "ada"))[0]
    return path, f"/t/{SLUG}/orders/{Order.objects.get(external_id=order).pk}/return/"


def lead_on(story: Story, path: str, page: str) -> None:
    """Let a member lead Ada's return on, from the approval to the money."""
    shown = story.member.get(page)
    assert ("Too small" in shown.text, "Approve it" in shown.text) == (True, True)
    asked = Return.objects.get()
    refused: list[tuple[dict[str, Any], str]] = [
        ({"status": "approved", "return_id": asked.pk + 1}, "It went on meanwhile"),
        ({"status": "approved"}, "It went on meanwhile"),
        ({"status": "completed", "return_id": asked.pk}, "It went on meanwhile"),
        ({"status": "lost", "return_id": asked.pk}, "Say how it goes on"),
        (
            {"status": "approved", "return_id": asked.pk, "label_url": "javascript:alert(1)"},
            "must begin with https://",
        ),
    ]
    for said, words in refused:
        answer = story.member.post(page, said)
        assert (answer.status_code, words in answer.text) == (422, True)
    approved = {"status": "approved", "return_id": asked.pk, "label_url": LABEL}
    story.member.post(page, approved)
    story.live(minutes=5)
    assert LABEL in body_of(story, "ada")
    assert LABEL in Client().get(path).text
    Client().post(path, {"action": "cancel", "return_id": asked.pk})  # too late for that
    assert Return.objects.get().status == "approved"
    versions = []
    for status in ("received", "completed"):  # in one instant, and each is news
        step = {"status": status, "return_id": asked.pk}
        assert story.member.post(page, step).status_code == 302
        versions.append(Return.objects.get().source_version_at)
    assert versions[1] - versions[0] == timedelta(microseconds=1)
    story.live(minutes=5)


def sell_elsewhere() -> None:
    """Let another shop sell something else by the same SKU."""
    store = make_store("Elsewhere")
    product = Product.objects.create(
        store=store, external_id="soap", title="Elsewhere", status="active"
    )
    for sku in ("SOAP-S", "ELSE"):
        Variant.objects.create(
            product=product, store=store, external_id=sku, sku=sku, inventory_quantity=9
        )


def pay_back(items: list[dict[str, str]]) -> None:
    """Write a refund of Ada's order as a shop tells of it that knows no keys of lines."""
    order = Order.objects.get()
    Refund.objects.create(
        store_id=order.store_id,
        external_id=f"refund-{Refund.objects.count()}",
        order=order,
        refunded_at=clock.now(),
        source_version_at=clock.now(),
        currency="GBP",
        amount_minor=100,
        lines=items,
    )


def look_and_be_refused(customer: Client, path: str) -> None:
    """Look at what can go back, and say what cannot."""
    form = customer.get(path).text
    assert "Elsewhere" not in form
    assert ("of 2 × Lemon soap" in form, "Lemon soap, Large" in form) == (True, True)
    assert "Lemon soap, Small" not in form  # what is sold out is no exchange
    refused = [
        ({**CHOSEN, "pieces-0": "0"}, "Please choose what goes back."),
        ({**CHOSEN, "pieces-0": "3"}, "So many pieces of it cannot go back."),
        ({**CHOSEN, "reason": "Because"}, "Please say why it goes back."),
        ({**CHOSEN, "instead-0": "SOAP-S"}, "no longer in stock"),
    ]
    for said, words in refused:
        assert words in customer.post(path, said).text
    assert Return.objects.count() == 0  # nor does looking at the page ask for anything


def pay_some_back(story: Story, page: str) -> None:
    """Pay some of Ada's order back, and all of it for a moment."""
    order = Order.objects.get()
    Order.objects.filter(pk=order.pk).update(refunded_minor=order.gross_minor)
    assert find_giving_back(Order.objects.get()).lines == []  # in one sum, without lines
    Order.objects.filter(pk=order.pk).update(refunded_minor=order.refunded_minor)
    pay_back([{"sku": "SOAP-S", "quantity": "1.0"}])  # of the one that came back
    assert "does not say for what" not in story.member.get(page).text
    pay_back([])
    assert "does not say for what" in story.member.get(page).text


@pytest.mark.covers("F26")
def test_a_customer_sends_an_order_back_and_members_lead_it_on(story: Story) -> None:
    path, page = deliver(story)
    sell_elsewhere()
    customer = Client()
    look_and_be_refused(customer, path)
    for _ in range(2):  # who presses twice asks once
        assert "We have your request" in customer.post(path, CHOSEN).text
    asked = Return.objects.get()
    assert (asked.status, asked.reason, asked.note) == ("requested", "It does not fit", "Too small")
    story.live(minutes=5)
    body = body_of(story, "ada")
    assert ("1 × Lemon soap, for Lemon soap, Large" in body, "Elsewhere" in body) == (True, False)
    task = Task.objects.get()
    assert (task.state, task.profile_id) == ("open", asked.profile_id)

    lead_on(story, path, page)

    pay_some_back(story, page)
    # One piece is left, which a member takes back for her; that needs nobody's word.
    assert "of 2" not in customer.get(path).text
    assert story.member.post(page, CHOSEN).status_code == 302
    assert story.member.post(page, CHOSEN).status_code == 422
    story.live(minutes=5)
    sent = of_library(story.sent())
    assert [each for _, _, each in sent][1:] == [
        "return_received",
        "return_status",
        "return_status",
        "return_done",
        "return_received",
    ]
    assert (Return.objects.latest("pk").status, Task.objects.count()) == ("approved", 1)
    trail = AuditEntry.objects.filter(action__startswith="return.").order_by("pk")
    assert [each.action for each in trail] == ["return.moved"] * 3 + ["return.started"]
    assert not customer.cookies


@pytest.mark.covers("F26")
def test_a_request_is_called_off_and_an_old_order_needs_a_member(story: Story) -> None:
    path, _ = deliver(story)
    customer = Client()
    customer.post(path, CHOSEN)
    off = {"action": "cancel", "return_id": Return.objects.get().pk + 1}
    assert "We have your request" in customer.post(path, off).text  # an older page, of another one
    off["return_id"] = Return.objects.get().pk
    assert "Send something back" in customer.post(path, off).text
    assert Return.objects.get().status == "cancelled"
    story.live(minutes=5)
    assert "called off" in body_of(story, "ada")
    story.travel.shift(61 * 86_400)
    assert "is too old for this page" in customer.get(path).text
    assert "too late" in str(customer.post(path, CHOSEN).context["fault"])
    Shipment.objects.update(delivered_at=clock.now() - timedelta(days=59))  # it was long on its way
    assert "Send something back" in customer.get(path).text
    assert Client().get("/b/nobody").status_code == 404
    codes = [customer.post(path, CHOSEN).status_code for _ in range(12)]
    assert set(codes) == {200, 429}


@pytest.mark.parametrize("said", [None, "A-1001", "9" * 20, float("inf"), -1, [1]])
def test_what_an_event_calls_an_order_of_its_own_is_none_of_patrons(said: object) -> None:
    assert order_of({"order_id": said}) == 0
    assert order_of({"order_id": "17"}) == 17
