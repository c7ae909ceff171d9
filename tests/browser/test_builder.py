"""The builder of segments in a real browser: by keyboard alone, for every condition, on a phone."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from crm.models import Event, OrderLine, Product
from kernel import clock
from kernel.scope import tenant_scope
from segments.domain.canonical import digest
from segments.domain.definitions import leaves
from segments.domain.grammar import LEAF_KINDS, list_leaf_examples
from segments.models import Segment
from segments.queries.conditions import parse_definition
from tenants.models import Tenant
from tests.browser.test_pages import DESK, HAND, enter, faults
from tests.browser.visiting import settled
from tests.factories.flows import definition, make_flow
from tests.factories.segments import make_buyer, make_order, make_segment
from tests.factories.tenants import make_tenant
from tests.flows.support import make_template

SKINCARE = "Skincare"
S5 = {
    "op": "and",
    "children": [
        {"bought": {"category": [SKINCARE]}, "months": [1, 2, 3]},
        {
            "event": "Message Opened",
            "count": {"is": ">=", "value": 3},
            "where": [{"property": "topic", "is": "=", "value": "education"}],
        },
        {"bought": {}, "count": {"is": "=", "value": 0}, "within": {"days": 45}},
    ],
}
"""Bought skincare in Q1, opened three educational emails or more, and no order for 45 days."""
MORE: list[dict[str, Any]] = [
    {"field": "net_revenue", "is": "between", "value": [10, 250.5]},
    {"field": "rfm_group", "is": "in", "value": ["champions", "loyal"]},
    {"field": "created_at", "is": "after", "value": "2026-01-01"},
    {"field": "has_email", "is": "=", "value": True},
    {"field": "tags", "is": "contains_any", "value": ["VIP"]},
    {"field": "tags", "is": "not_contains_any", "value": ["Press"]},
    {"field": "tags", "is": "contains_text", "value": "wholesale"},
    {"field": "categories", "is": "length_at_least", "value": 3},
    {"field": "cart_at", "is": "between_ago", "value": [{"hours": 4}, {"hours": 48}]},
    {"field": "points_expire_at", "is": "in_the_next", "value": {"hours": 36}},
    {"event": "Checkout Started", "before": {"hours": 4}, "within": {"days": 3}},
    {"field": "city", "is": "exists"},
    {
        "event": "Order Placed",
        "sum": {"property": "value", "is": ">", "value": 100},
        "since": "2026-01-01",
        "until": "2026-06-30",
    },
    {"op": "not", "children": [{"field": "has_open_ticket", "is": "=", "value": True}]},
    {
        "op": "not",
        "children": [{"reachable": "email", "is": False}, {"field": "email", "is": "exists"}],
    },
]
"""Ways to write conditions that the examples of the grammar leave out."""


@pytest.fixture
def shop(transactional_db: None) -> Tenant:
    """A merchant of skincare with Ada, whom `S5` is about, and Bob, who bought lately."""
    tenant = make_tenant()
    with tenant_scope(tenant.pk), transaction.atomic():
        now = clock.now()
        ada, bob = (
            make_buyer(orders=1, last_order_at=now, first_name=name, email=f"{name}@example.com")
            for name in ("Ada", "Bob")
        )
        for person, at in (
            (ada, datetime(now.year - 1, 2, 10, 12, tzinfo=UTC)),
            (bob, datetime(now.year - 1, 2, 10, 12, tzinfo=UTC)),
            (bob, now - timedelta(days=3)),
        ):
            _buy(person, at)
        for person in (ada, bob):
            for days in (1, 2, 3):
                Event.objects.create(
                    name="Message Opened",
                    occurred_at=now - timedelta(days=days),
                    profile_id=person,
                    source="system",
                    properties={"topic": "education"},
                )
    return tenant


def _buy(profile_id: int, at: datetime) -> None:
    order = make_order(profile_id, at, 1_000, f"{profile_id}-{at.isoformat()}")
    product, _ = Product.objects.get_or_create(
        store=order.store, external_id="1", defaults={"title": "Balm", "category": SKINCARE}
    )
    OrderLine.objects.create(
        order=order,
        line_key="0",
        position=0,
        product=product,
        title="Balm",
        category=SKINCARE,
        quantity=1,
        unit_price_minor=1_000,
        total_minor=1_000,
    )


@pytest.fixture
def new(page: Page, shop: Tenant, live_server: LiveServer) -> str:
    """The address of a new segment; the browser is signed in."""
    return f"{enter(page, shop, live_server)}segments/new/"


def source(page: Page) -> Any:
    """Return the definition that the form would send."""
    text = page.locator("textarea[name=definition]").input_value()
    return json.loads(text) if text else None


def look(page: Page) -> Locator:
    """Return what stands beside the conditions."""
    return page.locator("#impact")


class Keys:
    """Somebody with a keyboard and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def tab_to(self, name: str, *, back: bool = False) -> None:
        """Go on from control to control up to the one of a name."""
        for _ in range(60):
            self.press("Shift+Tab" if back else "Tab")
            focused = self.page.evaluate(
                "(({ activeElement: one }) => (one.getAttribute('aria-label')"
                " ?? one.labels?.[0]?.textContent ?? one.textContent).trim())(document)"
            )
            if focused == name:
                return
        raise AssertionError(f"no way leads to {name!r}")

    def add(self, words: str, *, back: bool = False) -> None:
        """Add a condition by words that find it."""
        self.tab_to("Add a condition", back=back)
        self.press("Enter")
        self.type(words)
        expect(self.page.get_by_role("dialog", name="Add a condition")).to_be_visible()
        self.press("Enter")

    def take(self, text: str, option: str) -> None:
        """Type into a field with suggestions, and take the first that fits."""
        self.type(text)
        expect(self.page.get_by_role("option", name=option).first).to_be_visible()
        self.press("ArrowDown", "Enter")


def say_what_was_bought(keys: Keys) -> None:
    keys.add("bought category")
    keys.take("skin", SKINCARE)
    keys.tab_to("when")
    keys.press("Enter")
    expect(keys.page.get_by_role("button", name="in the last …")).to_be_focused()
    keys.press("End", "Enter")
    expect(keys.page.get_by_label("Months of any year: January to March")).to_be_visible()


def say_what_was_opened(keys: Keys) -> None:
    keys.add("message opened")
    keys.tab_to("How often")
    keys.press("ArrowDown")
    expect(keys.page.get_by_label("Number of times")).to_be_visible()
    keys.tab_to("Number of times")
    keys.type("3")
    keys.tab_to("where")
    keys.press("Enter")
    keys.tab_to("Property")
    keys.take("top", "topic")
    keys.tab_to("Value")
    keys.take("edu", "education")


@pytest.mark.covers("S5")
def test_the_example_of_a_micro_segment_is_built_from_nothing_by_keyboard(
    page: Page, new: str, shop: Tenant
) -> None:
    page.goto(new)
    expect(page.get_by_text("Who should be in this segment?")).to_be_visible()
    keys = Keys(page)
    keys.tab_to("Skip to the content")
    keys.press("Enter")
    keys.tab_to("Name")
    keys.type("Educated and quiet")

    say_what_was_bought(keys)
    say_what_was_opened(keys)
    keys.add("no order")
    assert source(page) == S5
    expect(look(page)).to_contain_text("1 person")
    expect(look(page)).to_contain_text("Ada")
    expect(look(page)).to_contain_text(
        "Bought category Skincare in January to March and “Message Opened” where topic is"
        " education: at least 3 times and never bought anything in the last 45 days"
    )
    keys.tab_to("Save segment")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/segments/\d+/#content$"))
    with tenant_scope(shop.pk), transaction.atomic():
        saved = Segment.objects.get()
        assert (saved.name, saved.definition) == ("Educated and quiet", S5)
        make_template("note")
        make_flow(definition(trigger={"segment": str(saved.pk)}), name="Lessons")
    page.reload()
    used = page.locator(".facts-group", has=page.get_by_role("heading", name="Used by"))
    expect(used.get_by_role("link", name="Lessons")).to_be_visible()
    expect(used).to_contain_text("Flow, starts when somebody enters")


def test_every_condition_has_a_form_and_comes_back_unchanged(
    page: Page, new: str, shop: Tenant
) -> None:
    with tenant_scope(shop.pk), transaction.atomic():
        listed = make_segment({"field": "order_count", "is": ">=", "value": 1}, "Buyers")
        inside = {"segment": str(listed.pk), "is": "member"}
        lately = {**inside, "within": {"days": 7}, "since": "2026-01-01"}
        whole = {"op": "and", "children": [*list_leaf_examples(), inside, lately, *MORE]}
        tree = parse_definition(whole)
    asked = {kind.name for kind in LEAF_KINDS if any(kind.name in one for one in _leaves(whole))}
    assert asked == {kind.name for kind in LEAF_KINDS}

    with settled(page) as late:
        page.goto(f"{new}?definition={quote(json.dumps(whole))}")
    rows = page.locator("[data-leaf]")
    expect(rows).to_have_count(len(leaves(tree)))
    expect(page.locator(".b-said")).to_have_count(0)
    expect(page.get_by_label("Segment", exact=True).first).to_have_value("Buyers")
    # Whose days they are stands below all of it and in the name of each.
    expect(page.get_by_text("Days are days in Europe/London; amounts are in GBP.")).to_be_visible()
    expect(page.get_by_label("First day, a day in Europe/London").first).to_have_value("2026-01-01")
    page.get_by_label("Segment", exact=True).first.fill("Nobody")
    expect(page.get_by_role("status").filter(has_text="Nothing is called that.")).to_be_attached()
    expect(page.get_by_role("listbox")).to_have_count(0)
    # What is written is written by the builder: something is changed and taken back.
    page.get_by_role("button", name=f"Delete condition 1 of {len(whole['children'])}").click()
    expect(rows).to_have_count(len(leaves(tree)) - 1)
    page.keyboard.press("Control+z")
    expect(rows).to_have_count(len(leaves(tree)))
    assert source(page) == whole
    with tenant_scope(shop.pk), transaction.atomic():
        assert digest(parse_definition(source(page))) == digest(tree)
    assert [*late, *faults(page, DESK)] == []
    offer_who_stopped(page)


def offer_who_stopped(page: Page) -> None:
    """Add who did something before, but not lately, found by these words."""
    for words, leaf in NOT_LATELY.items():
        # What the last one lacks appears as it is left, and moves no button under the pointer.
        page.get_by_role("button", name="Add a condition").last.click()
        page.get_by_label("Find a condition").fill("before but not lately")
        page.get_by_role("option", name=words).click()
        assert source(page)["children"][-1] == leaf
        expect(look(page)).to_contain_text("Finish what is marked")


NOT_LATELY: dict[str, dict[str, Any]] = {
    "Did something before, but not lately": {"last_event": "", "before": {"days": 60}},
    "Ordered before, but not lately": {
        "field": "days_since_last_order",
        "is": ">=",
        "value": 60,
    },
}


def _leaves(raw: dict[str, Any]) -> list[dict[str, Any]]:
    children = raw.get("children")
    return [raw] if children is None else [leaf for child in children for leaf in _leaves(child)]


def test_what_no_form_can_show_is_said_and_kept(page: Page, new: str) -> None:
    odd = {"bought": {"category": SKINCARE, "colour": "red"}}
    page.goto(new)
    page.get_by_role("button", name="Edit as JSON").click()
    page.get_by_label("Definition").fill(json.dumps({"op": "or", "children": [odd, odd]}))
    expect(page.locator(".b-said")).to_have_count(2)
    expect(page.locator(".b-fault:visible").first).to_contain_text("Colour is not known")
    page.get_by_role("button", name="More for condition 1 of 2").press("Enter")
    # A menu takes the focus to its first item once it is open.
    expect(page.get_by_role("button", name="Move up")).to_be_focused()
    page.get_by_role("button", name="Move down").press("Enter")
    assert source(page) == {"op": "or", "children": [odd, odd]}
    page.locator("[data-leaf]").first.get_by_role("button", name="Edit as JSON").click()
    page.get_by_label("This condition as JSON").fill('{"bought": {"category": "Tea"}}')
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Take out Tea")).to_be_visible()
    assert source(page)["children"][0] == {"bought": {"category": "Tea"}}
    # What no condition can show is sent, for the server to say.
    empty = {"op": "and", "children": [ONE, {"op": "or", "children": []}]}
    page.get_by_label("Definition").fill(json.dumps(empty))
    expect(look(page)).to_contain_text("Finish what is marked")
    page.get_by_role("button", name="Edit as JSON").first.click()
    page.get_by_label("Name").fill("Empty inside")
    page.route(new, lambda route: route.fulfill(body=route.request.method))
    page.get_by_role("button", name="Save segment").click()
    expect(page.locator("body")).to_have_text("POST")


ONE, OTHER = ({"field": name, "is": "=", "value": True} for name in ("has_email", "has_phone"))
GROUP = {"op": "or", "children": [{"consent": "email", "is": "subscribed"}]}
THREE = {"op": "and", "children": [ONE, OTHER, GROUP]}


def test_parts_are_moved_negated_and_copied_by_key_and_all_of_it_is_undone(
    page: Page, new: str
) -> None:
    page.goto(f"{new}?definition={quote(json.dumps(THREE))}")
    keys = Keys(page)
    page.get_by_role("button", name="Condition 1 of 3", exact=True).focus()
    keys.press("ArrowDown")
    assert source(page)["children"] == [OTHER, ONE, GROUP]
    keys.press("ArrowRight")
    assert source(page)["children"] == [OTHER, {**GROUP, "children": [ONE, *GROUP["children"]]}]
    keys.press("ArrowLeft")
    assert source(page)["children"] == [OTHER, GROUP, ONE]
    keys.press("Alt+KeyN")
    assert source(page)["children"][2] == {**ONE, "is": "!="}
    keys.press("Alt+KeyD")
    assert len(source(page)["children"]) == 4
    keys.press("Delete")
    assert len(source(page)["children"]) == 3
    for _ in range(6):
        keys.press("Control+z")
    assert source(page) == THREE
    keys.press("Control+Shift+z")
    assert source(page)["children"] == [OTHER, ONE, GROUP]
    # In a control that has its own use for them the same keys move nothing.
    page.get_by_label("How many of these conditions").last.focus()
    keys.press("Alt+ArrowUp", "Escape")
    assert source(page)["children"] == [OTHER, ONE, GROUP]


def test_parts_are_dragged_and_escape_leaves_them(page: Page, new: str) -> None:
    page.goto(f"{new}?definition={quote(json.dumps(THREE))}")
    grip = page.get_by_role("button", name="Condition 1 of 3", exact=True)
    begin, end = grip.bounding_box(), page.get_by_role("button", name="Delete group").bounding_box()
    assert begin
    assert end

    def drag() -> None:
        page.mouse.move(begin["x"] + 5, begin["y"] + 5)
        page.mouse.down()
        page.mouse.move(begin["x"] + 5, end["y"], steps=4)

    drag()
    page.keyboard.press("Escape")
    page.mouse.up()
    assert source(page) == THREE
    drag()
    page.mouse.up()
    assert source(page)["children"] == [OTHER, ONE, GROUP]


PREVIEW = "**/segments/preview/"


@pytest.mark.parametrize(("theme", "answer"), [("light", None), ("dark", "")])
def test_it_is_usable_on_a_phone_and_says_what_is_missing(
    page: Page, new: str, theme: str, answer: str | None
) -> None:
    page.set_viewport_size(HAND)
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(f"{new}?definition={quote(json.dumps(S5))}")
    expect(page.locator(".b-count")).to_have_text("1 person")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Find a condition").fill("country")
    page.get_by_role("option", name="Country").click()
    expect(page.get_by_label("Value of Country")).to_be_focused()
    expect(look(page)).to_contain_text("Finish what is marked")
    page.get_by_label("Name").fill("Far")
    with settled(page) as late:
        page.get_by_role("button", name="Save segment").click()
    row = page.locator(".is-faulty")
    expect(row).to_contain_text("Country")
    expect(row.get_by_label("Value of Country")).to_be_focused()
    expect(row.get_by_label("Value of Country")).to_have_attribute("aria-invalid", "true")
    assert [*late, *faults(page, HAND)] == []
    # The keys that go word by word move no condition.
    begun = source(page)
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowLeft")
    assert source(page) == begun
    # Filled in, it is saved, also while nobody is counted yet or can be.
    page.route(PREVIEW, lambda route: None if answer is None else route.fulfill(body=answer))
    row.get_by_label("Value of Country").fill("GB")
    if answer is not None:
        expect(look(page)).to_contain_text("It could not be counted")
    page.get_by_role("button", name="Save segment").click()
    page.wait_for_url(re.compile(r"/segments/\d+/$"))
