"""The builder of flows in a real browser: by mouse, by keyboard alone, and two editors at once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from flows.models import Flow, FlowDraft, FlowVersion
from flows.nodes import NODE_TYPES
from flows.services.drafts import save_draft, start_flow
from kernel.scope import tenant_scope
from tenants.models import Tenant
from tests.browser.test_pages import DESK, HAND, enter, faults
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.tenants import make_tenant
from tests.flows.nodes import act, shares, wait, wait_event, wait_stock
from tests.flows.support import make_template

MAILS = {
    "Thank you": "thanks",
    "Tips": "tips",
    "How was it": "review",
    "With a code": "code",
    "Goes with it": "goes_with",
    "Refill": "refill",
    "What is new": "news",
}
MOST_INTERACTIONS = 40
"""For row F7 as a whole, with both of its splits; typing one text counts as one."""
BEFORE_END = "Add a step before End, for all who come there"
OUT = ("next", "on_event", "on_timeout", "yes", "no")


@pytest.fixture
def shop(transactional_db: None) -> Tenant:
    """A merchant with a mail for each moment after an order."""
    tenant = make_tenant()
    with tenant_scope(tenant.pk), transaction.atomic():
        for name, key in MAILS.items():
            template = make_template(key, "transactional" if key == "thanks" else "behavioural")
            type(template).objects.filter(pk=template.pk).update(name=name)
    return tenant


@pytest.fixture
def site(page: Page, shop: Tenant, live_server: LiveServer) -> str:
    """The address of the tenant's pages, to which the browser is signed in."""
    return enter(page, shop, live_server)


class Hand:
    """Somebody who clicks, types and presses keys, and counts how often."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def click(self, element: Locator) -> None:
        self.count += 1
        element.click()

    def fill(self, label: str, text: str) -> None:
        self.count += 1
        panel(self.page).get_by_label(label, exact=True).fill(text)

    def pick(self, name: str) -> None:
        """Take one of the suggestions that are open."""
        self.click(self.page.get_by_role("option", name=name))

    def add(self, title: str, onto: str = "") -> None:
        """Press a step of the list at the left, which adds it after the chosen one, or drag it.

        Args:
            title: of the step.
            onto: what the plus is called on which it is dropped, the last of that name.
        """
        steps = self.page.get_by_role("group", name="Steps to add")
        step = steps.get_by_role("button", name=title, exact=True)
        if onto:
            self.count += 1
            step.drag_to(self.page.get_by_role("button", name=onto, exact=True).last)
        else:
            self.click(step)
        expect(panel(self.page).get_by_role("heading", name=title)).to_be_visible()

    def wait(self, days: int, onto: str = "") -> None:
        self.add("Wait", onto)
        self.fill("How long", str(days))
        expect(self.page.get_by_role("button", name=f"Wait {days} days").first).to_be_visible()

    def send(self, template: str, onto: str = "") -> None:
        self.add("Send a message", onto)
        self.pick(template)
        expect(self.page.locator(".fb-card").filter(has_text=template)).to_be_visible()

    def split(self, by: str) -> None:
        """Add a split that asks what is asked often."""
        self.add("Split")
        self.click(panel(self.page).get_by_role("button", name=by))
        expect(panel(self.page).get_by_role("button", name="Change who")).to_be_visible()


def panel(page: Page) -> Locator:
    return page.locator(".fb-panel")


def card(page: Page, key: str) -> Locator:
    return page.locator(f'[data-card="{key}"]')


def saved(page: Page) -> Locator:
    return page.locator('.fb-saved[data-state="saved"]')


def stored(tenant: Tenant, read: Callable[[], Any]) -> Any:
    with tenant_scope(tenant.pk), transaction.atomic():
        return read()


def open_flow(page: Page, site: str, tenant: Tenant, graph: dict[str, Any]) -> int:
    """Open the builder on a published flow; returns its id."""
    flow = stored(tenant, lambda: make_flow(graph))
    page.goto(f"{site}flows/{flow.pk}/edit/")
    expect(card(page, "")).to_be_visible()
    return int(flow.pk)


def draft_of(tenant: Tenant, flow_id: int) -> dict[str, Any]:
    found: dict[str, Any] = stored(tenant, lambda: FlowDraft.objects.get(flow_id=flow_id).graph)
    return found


def build_what_follows_an_order(hand: Hand) -> None:
    """Take the steps of row F7; a delivery that nobody tells of is not waited for without end."""
    hand.send("Thank you")
    hand.wait(2)
    hand.send("Tips")
    hand.add("Wait for an event")
    hand.pick("Order Delivered")
    hand.wait(7, BEFORE_END)
    hand.send("How was it")
    hand.wait(6)
    hand.split("Repeat buyers")
    hand.send("With a code")
    hand.send("Goes with it", "Add a step after Split: No")
    hand.wait(30, BEFORE_END)
    hand.split("This order has what is used up")
    hand.send("Refill")
    hand.send("What is new", "Add a step after Split: No")


@pytest.mark.covers("F1", "F7")
def test_the_flow_after_an_order_is_built_from_an_empty_canvas_and_published(
    page: Page, site: str, shop: Tenant
) -> None:
    hand = Hand(page)
    page.goto(f"{site}flows/new/")
    hand.click(page.get_by_role("button", name="Empty canvas"))
    hand.click(page.get_by_role("radio", name="Something happens"))
    hand.pick("Order Placed")
    expect(card(page, "")).to_contain_text("Every time")
    build_what_follows_an_order(hand)
    expect(page.get_by_role("button", name="No problems")).to_be_visible()
    hand.click(page.get_by_role("button", name="Publish…"))
    hand.click(page.get_by_role("button", name="Publish and switch on"))
    expect(page.get_by_text("Version 1 is published and on.")).to_be_visible()
    assert hand.count < MOST_INTERACTIONS

    graph = stored(shop, lambda: FlowVersion.objects.get().graph)
    nodes = graph["nodes"]
    assert {key: [node[way] for way in OUT if way in node] for key, node in nodes.items()} == {
        "message": ["delay"],
        "delay": ["message_2"],
        "message_2": ["wait_event"],
        "wait_event": ["delay_2", "delay_2"],
        "delay_2": ["message_3"],
        "message_3": ["delay_3"],
        "delay_3": ["split"],
        "split": ["message_4", "message_5"],
        "message_4": ["delay_4"],
        "message_5": ["delay_4"],
        "delay_4": ["split_2"],
        "split_2": ["message_6", "message_7"],
        "message_6": ["end"],
        "message_7": ["end"],
        "end": [],
    }
    sent = [node["template"] for node in nodes.values() if node["type"] == "message"]
    assert sent == list(MAILS.values())
    waited = [node["n"] for node in nodes.values() if node["type"] == "delay"]
    assert waited == [2, 7, 6, 30]
    assert nodes["wait_event"]["any_of"] == [{"event": "Order Delivered", "same": ["order_id"]}]
    assert nodes["wait_event"]["timeout"] == {"n": 10, "unit": "days"}
    assert nodes["split_2"]["condition"]["trigger"] == "product_flags"
    assert graph["reentry"] == {"policy": "every_time"}
    assert stored(shop, lambda: Flow.objects.get().status) == "live"


def test_steps_are_added_undone_copied_and_deleted_by_keyboard_alone(
    page: Page, site: str, shop: Tenant
) -> None:
    flow_id = open_flow(page, site, shop, definition({"note": message_node("tips")}))
    card(page, "").focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, "note")).to_be_focused()
    page.keyboard.press("a")
    page.keyboard.type("wait until a time")
    page.keyboard.press("Enter")
    expect(card(page, "wait_until")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(card(page, "wait_until")).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(card(page, "wait_until")).to_be_visible()
    card(page, "note").focus()
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(card(page, "message")).to_be_focused()
    expect(card(page, "wait_until_2")).to_be_visible()
    page.keyboard.press("Delete")
    expect(card(page, "message")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(panel(page).get_by_label("Until").first).to_be_focused()
    expect(saved(page)).to_be_visible()
    ways = {key: node.get("next") for key, node in draft_of(shop, flow_id)["nodes"].items()}
    assert ways["note"] == "wait_until_2"
    assert ways["wait_until_2"] == "wait_until"
    assert ways["wait_until"] == "end"


@pytest.fixture
def own_page(browser: Browser) -> Iterator[Page]:
    """A page that may tell its console of a refusal, which the page of the other tests may not."""
    with browser.new_context(viewport=DESK, locale="en-GB") as context:
        yield context.new_page()


def test_who_saves_second_is_told_sees_theirs_and_overwrites_knowingly(
    own_page: Page, shop: Tenant, live_server: LiveServer
) -> None:
    page = own_page
    site = enter(page, shop, live_server)
    flow_id = open_flow(page, site, shop, definition({"note": message_node("tips")}))
    theirs = definition({"pause": wait(1, "days", "end")})
    stored(shop, lambda: save_draft(flow_id, theirs, revision=0, actor="bob@example.com"))
    card(page, "note").focus()
    page.keyboard.press("a")
    page.keyboard.type("goal")
    page.keyboard.press("Enter")
    banner = page.get_by_role("alert").filter(has_text="bob@example.com saved this flow")
    expect(banner).to_contain_text("You and they differ in 4 steps and the rules.")
    assert draft_of(shop, flow_id) == theirs
    banner.get_by_role("button", name="See theirs").click()
    expect(card(page, "pause")).to_be_visible()
    banner.get_by_role("button", name="Back to mine").click()
    expect(card(page, "goal")).to_be_visible()
    banner.get_by_role("button", name="Overwrite with mine…").click()
    banner.get_by_role("button", name="Yes, replace what bob@example.com saved").click()
    expect(banner).to_have_count(0)
    expect(saved(page)).to_be_visible()
    assert set(draft_of(shop, flow_id)["nodes"]) == {"note", "goal"}


def test_a_problem_leads_to_its_step_and_its_field(page: Page, site: str, shop: Tenant) -> None:
    open_flow(page, site, shop, definition({"note": message_node("tips")}))
    page.get_by_role("button", name="Add a step after Tips").click()
    page.get_by_role("combobox", name="Find a step").fill("tell")
    page.keyboard.press("Enter")
    expect(card(page, "alert")).to_have_attribute("data-faulty", "")
    page.get_by_role("button", name="1 problem", exact=True).click()
    page.get_by_role("button", name="Tell your team What to tell is missing.").click()
    field = panel(page).get_by_label("What to tell")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("Call them")
    expect(page.get_by_role("button", name="No problems")).to_be_visible()
    expect(field).not_to_have_attribute("aria-invalid", "true")


CONDITION = {
    "op": "and",
    "children": [
        {"field": "order_count", "is": ">=", "value": 2},
        {"message": "message", "is": "opened"},
    ],
}
EVERY: dict[str, dict[str, Any]] = {
    "message": message_node(
        "tips",
        "delay",
        channel="email",
        max_lateness={"n": 5, "unit": "hours"},
        priority=2,
        expected_value=4.5,
        on_quiet="skip",
        about="nothing",
        coupon="7",
    ),
    "delay": wait(2, "weeks", "wait_until", until_time="09:30", weekdays=["mon", "fri"]),
    "wait_until": act("wait_until", "wait_date", until_time="10:00", timezone="Europe/Paris"),
    "wait_date": act(
        "wait_date",
        "wait_event",
        date={"profile": "birthday"},
        offset={"n": 3, "unit": "days", "direction": "before"},
        at="08:00",
        past="end",
    ),
    "wait_event": wait_event(
        {
            "event": "Order Placed",
            "filter": [{"property": "total", "is": ">", "value": 50}],
            "same": ["order_id", {"property": "a", "trigger": "b"}],
        },
        {"message": "message", "is": "clicked"},
        since="start",
        on_event="wait_stock",
        on_timeout="wait_stock",
    ),
    "wait_stock": wait_stock(
        variant="sku", min_units=2, tranche=4, first="best", on_stock="split", on_timeout="split"
    ),
    "split": {"type": "split", "condition": CONDITION, "yes": "branches", "no": "branches"},
    "branches": {
        "type": "branches",
        "branches": [{"name": "Big", "condition": CONDITION, "next": "random"}],
        "otherwise": "random",
    },
    "random": shares("random", ("One", 33.4, "ab_split"), ("Two", 66.6, "ab_split")),
    "ab_split": shares("ab_split", ("A", 50, "channel"), ("B", 50, "channel"), winner="A"),
    "channel": {
        "type": "channel",
        "branches": [{"channel": "sms", "next": "update_property"}],
        "pick": "history",
        "message_class": "service",
        "otherwise": "update_property",
    },
    "update_property": act("update_property", "tag", property="size", how="set", value="12"),
    "tag": act("tag", "points", add=["VIP"], remove=["New"]),
    "points": act("points", "coupon", points=50, note="Hello"),
    "coupon": act("coupon", "alert", coupon="7"),
    "alert": act("alert", "webhook", text="Call them"),
    "webhook": act("webhook", "goto", endpoint="9", data={"a": [1, {"b": None}]}),
    "goto": {"type": "goto", "target": "delay", "max_visits": 3, "otherwise": "goal"},
    "goal": {"type": "goal", "name": "Left a review"},
}
"""A step of every type, with everything that can be said of it."""


def test_every_type_of_step_opens_its_form_and_comes_back_unchanged(
    page: Page, site: str, shop: Tenant
) -> None:
    known = {each["type"]: each["title"] for each in NODE_TYPES}
    assert set(known) >= set(EVERY)
    graph = definition(
        EVERY,
        entry_filter=CONDITION["children"][0],
        reentry={"policy": "after", "n": 3, "unit": "days"},
        exit_on=[{"event": "Order Placed", "same": ["cart_id"]}, {"segment": "5"}],
        goal={"event": "Order Placed"},
        max_event_age={"n": 2, "unit": "days"},
        trigger={"event": "Order Placed", "filter": [{"property": "total", "is": "is_set"}]},
    )
    flow = stored(
        shop, lambda: start_flow(graph, name="Everything", description="", actor="ada@example.com")
    )
    page.goto(f"{site}flows/{flow.pk}/edit/")
    undo = page.get_by_role("button", name="Undo")
    for key in EVERY:
        card(page, key).dispatch_event("click")
        expect(panel(page).get_by_role("heading", name=known[EVERY[key]["type"]])).to_be_visible()
        for more in panel(page).locator("details").all():
            more.locator("summary").click()
        expect(undo).to_be_disabled()
    card(page, "").dispatch_event("click")
    expect(panel(page).get_by_role("heading", name="What starts it")).to_be_visible()
    expect(undo).to_be_disabled()
    card(page, "end").dispatch_event("click")
    panel(page).get_by_label("Reason").fill("Done")
    expect(undo).to_be_enabled()
    expect(saved(page)).to_be_visible()
    graph["nodes"]["end"] = {"type": "exit", "reason": "Done"}
    assert draft_of(shop, flow.pk) == graph


def ask_what_started_it(page: Page, dialog: Locator, *test: str) -> None:
    """Ask for a property of the event that started the run as well."""
    panel(page).get_by_role("button", name="Change who").click()
    dialog.get_by_role("button", name="Add").first.click()
    page.get_by_role("combobox", name="Find a condition").fill("that started it")
    page.keyboard.press("Enter")
    name, operator, value = test
    dialog.get_by_label("Property").fill(name)
    page.keyboard.press("Tab")
    dialog.get_by_label("How it is compared").select_option(operator)
    dialog.get_by_label("Value").fill(value)
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Use it").click()


def test_a_split_asks_what_segments_ask_and_what_became_of_a_message(
    page: Page, site: str, shop: Tenant
) -> None:
    flow_id = open_flow(page, site, shop, definition({"note": message_node("tips")}))
    page.get_by_role("button", name="Add a step after Tips").click()
    page.get_by_role("combobox", name="Find a step").fill("split")
    page.keyboard.press("Enter")
    panel(page).get_by_role("button", name="Ask something else").click()
    dialog = page.get_by_role("dialog", name="Who")
    page.get_by_role("combobox", name="Find a condition").fill("message of this flow")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Which message")).to_have_value("note")
    dialog.get_by_role("button", name="Use it").click()
    expect(card(page, "split")).to_contain_text("“Tips” was opened")
    expect(saved(page)).to_be_visible()
    graph = draft_of(shop, flow_id)
    assert graph["nodes"]["split"]["condition"] == {"message": "note", "is": "opened"}
    ask_what_started_it(page, dialog, "total", ">=", "50")
    expect(card(page, "split")).to_contain_text("what started it: total is at least 50")
    expect(saved(page)).to_be_visible()
    asked = draft_of(shop, flow_id)["nodes"]["split"]["condition"]
    assert asked == {
        "op": "and",
        "children": [
            {"message": "note", "is": "opened"},
            {"trigger": "total", "is": ">=", "value": 50},
        ],
    }
    assert graph["nodes"][graph["nodes"]["split"]["no"]] == {"type": "exit"}
    card(page, "").click()
    Hand(page).add("Goal")
    expect(card(page, "goal")).to_have_attribute("data-faulty", "")
    expect(saved(page)).to_be_visible()
    ways = draft_of(shop, flow_id)["nodes"]["split"]
    assert (ways["yes"], ways["no"]) == ("goal", "end"), "what follows what was chosen stays"


def test_the_builder_fits_and_is_accessible_and_a_phone_reads_it(
    page: Page, site: str, shop: Tenant
) -> None:
    open_flow(page, site, shop, definition({"note": message_node("tips")}))
    card(page, "note").click()
    expect(panel(page)).to_be_visible()
    assert faults(page, DESK) == []
    page.set_viewport_size({"width": 768, "height": 1024})
    expect(card(page, "note")).to_be_visible()
    page.set_viewport_size(HAND)
    expect(page.get_by_text("open it on a wider screen")).to_be_visible()
    expect(page.get_by_role("button", name="Publish…")).to_have_count(0)
    assert faults(page, HAND) == []
