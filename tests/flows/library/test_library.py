"""The library as a whole: every flow is installed, published and read, and says what it needs."""

import pytest

from flows.library import BY_KEY, LIBRARY
from flows.library.base import GROUPS, START, Mail
from flows.models import Flow, FlowDraft, LibraryOrder
from flows.queries.library import list_shelf
from flows.services.drafts import look_at
from messaging.domain.blocks import is_built
from messaging.models import Coupon, Template
from tenants.models import AuditEntry
from tests.flows.library.story import SLUG, Story

pytestmark = pytest.mark.covers("F29")


def test_every_flow_is_installed_as_a_draft_and_can_be_published(story: Story) -> None:
    for flow in LIBRARY:
        if Flow.objects.filter(key=flow.key).exists():
            continue
        flow_id = story.install(flow.key, is_on=False)
        seen = look_at(FlowDraft.objects.get(flow_id=flow_id).graph)
        assert seen["problems"] == [], flow.key
        story.publish(flow_id)
    assert set(Flow.objects.values_list("key", flat=True)) == set(BY_KEY)
    mails = [said for flow in LIBRARY for said in flow.messages if isinstance(said, Mail)]
    stored = {row.key: row for row in Template.objects.filter(key__in=[each.key for each in mails])}
    for mail in mails:
        row = stored[mail.key]
        assert is_built(row.mjml), mail.key
        assert row.text.strip(), mail.key
        assert (row.message_class, row.tags) == (mail.message_class, sorted(mail.tags)), mail.key


def test_keys_and_groups_are_of_one_kind() -> None:
    messages = [said.key for flow in LIBRARY for said in flow.messages]
    assert len(messages) == len(set(messages))
    assert len(BY_KEY) == len(LIBRARY)
    assert {flow.group for flow in LIBRARY} <= set(GROUPS)
    first = [flow.key for flow in LIBRARY if flow.group == START]
    assert first == ["post_purchase", "welcome", "cart_recovery", "win_back"]


def test_a_second_click_opens_the_first_flow(story: Story) -> None:
    flow_id = story.install("cart_recovery", is_on=False)
    answer = story.member.post(f"/t/{SLUG}/flows/library/install/", {"key": "cart_recovery"})
    assert answer.headers["Location"] == f"/t/{SLUG}/flows/{flow_id}/"
    again = story.api.post("/api/v1/flows/library/cart_recovery/install/")
    assert (again.status_code, again.json()["id"], again.json()["is_new"]) == (
        200,
        str(flow_id),
        False,
    )
    assert Flow.objects.filter(key="cart_recovery").count() == 1
    assert Coupon.objects.count() == 1
    draft = FlowDraft.objects.get(flow_id=flow_id)
    assert draft.graph["nodes"]["vip"]["coupon"] == str(Coupon.objects.get().pk)
    assert story.api.post("/api/v1/flows/library/nothing/install/").status_code == 404


def test_the_api_lists_installs_and_says_what_is_missing(story: Story) -> None:
    listed = {
        each["key"]: each for each in story.api.get("/api/v1/flows/library/").json()["results"]
    }
    assert list(listed)[:4] == ["post_purchase", "welcome", "cart_recovery", "win_back"]
    cart = listed["cart_recovery"]
    assert (cart["place"], cart["starts"], cart["flow_id"]) == (3, "Cart Abandoned", None)
    assert [(each["key"], each["channel"], each["when"]) for each in cart["messages"]] == [
        ("cart_new", "email", "At once"),
        ("cart_member", "email", "At once"),
        ("cart_vip", "email", "At once"),
        ("cart_sms", "sms", "After 1 day"),
    ]
    assert [(each["kind"], each["is_met"]) for each in cart["needs"]] == [
        ("event", False),
        ("channel", True),
        ("codes", False),
        ("reviews", False),
    ]
    made = story.api.post("/api/v1/flows/library/welcome/install/")
    assert (made.status_code, made.json()["status"], made.json()["is_new"]) == (201, "draft", True)
    story.person("ada")
    story.add_to_cart("ada")
    story.live(hours=1)
    shelf = {one.flow.key: one for one in list_shelf()}
    assert [need.kind for need in shelf["cart_recovery"].missing] == []
    assert [need.kind for need in shelf["win_back_stages"].missing] == ["flow_off", "codes"]


def test_the_pages_show_the_flows_and_how_their_messages_look(story: Story) -> None:
    page = story.member.get(f"/t/{SLUG}/flows/library/").content.decode()
    for flow in LIBRARY:
        assert flow.name in page
    for flow in LIBRARY:
        shown = story.member.get(f"/t/{SLUG}/flows/library/flow/?flow={flow.key}").content.decode()
        assert "This cannot be shown yet" not in shown, flow.key
        for said in flow.messages:
            assert said.name in shown
    mail = story.member.get(f"/t/{SLUG}/flows/library/message/?flow=welcome&message=welcome_hello")
    assert "Good to have you here" in mail.content.decode()
    assert mail.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_merchant_orders_the_flows_to_begin_with(story: Story) -> None:
    order = ["welcome", "cart_recovery", "post_purchase", "win_back"]
    story.member.post(f"/t/{SLUG}/flows/library/order/", {"key": order})
    assert [one.flow.key for one in list_shelf()][:4] == order
    story.member.post(f"/t/{SLUG}/flows/library/order/", {"key": ["welcome"]})
    assert LibraryOrder.objects.get().keys == order
    assert AuditEntry.objects.filter(action="flow.library_ordered").count() == 1
