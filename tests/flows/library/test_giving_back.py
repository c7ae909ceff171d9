"""A return that begins on the pages of Patron: by the customer, or by a member for them."""

import re

import pytest
from django.test import Client

from crm.models import Order, Return
from crm.queries.giving_back import find_giving_back
from flows.models import Task
from kernel import clock
from tenants.models import AuditEntry
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
    bad = {"status": "approved", "label_url": "javascript:alert(1)"}
    assert story.member.post(page, bad).status_code == 422
    assert story.member.post(page, {"status": "completed"}).status_code == 422
    story.member.post(page, {"status": "approved", "label_url": LABEL})
    story.live(minutes=5)
    assert LABEL in body_of(story, "ada")
    assert LABEL in Client().get(path).text
    Client().post(path, {"action": "cancel"})  # too late for that
    assert Return.objects.get().status == "approved"
    for status in ("received", "completed"):
        assert story.member.post(page, {"status": status}).status_code == 302
        story.live(minutes=5)


@pytest.mark.covers("F26")
def test_a_customer_sends_an_order_back_and_members_lead_it_on(story: Story) -> None:
    path, page = deliver(story)
    customer = Client()
    form = customer.get(path).text
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
    for _ in range(2):  # who presses twice asks once
        assert "We have your request" in customer.post(path, CHOSEN).text
    asked = Return.objects.get()
    assert (asked.status, asked.reason, asked.note) == ("requested", "It does not fit", "Too small")
    story.live(minutes=5)
    assert "1 × Lemon soap, for Lemon soap, Large" in body_of(story, "ada")
    task = Task.objects.get()
    assert (task.state, task.profile_id) == ("open", asked.profile_id)

    lead_on(story, path, page)

    order = Order.objects.get()
    Order.objects.filter(pk=order.pk).update(refunded_minor=order.gross_minor)
    assert find_giving_back(Order.objects.get()).lines == []  # paid back in one sum, without lines
    Order.objects.filter(pk=order.pk).update(refunded_minor=order.refunded_minor)

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


@pytest.mark.covers("F26")
def test_a_request_is_called_off_and_an_old_order_needs_a_member(story: Story) -> None:
    path, _ = deliver(story)
    customer = Client()
    customer.post(path, CHOSEN)
    assert "Send something back" in customer.post(path, {"action": "cancel"}).text
    assert Return.objects.get().status == "cancelled"
    story.live(minutes=5)
    assert "called off" in body_of(story, "ada")
    story.travel.shift(61 * 86_400)
    assert "is too old for this page" in customer.get(path).text
    assert "too late" in str(customer.post(path, CHOSEN).context["fault"])
    assert Client().get("/b/nobody").status_code == 404
    codes = [customer.post(path, CHOSEN).status_code for _ in range(12)]
    assert set(codes) == {200, 429}
