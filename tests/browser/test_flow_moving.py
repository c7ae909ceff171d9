"""Steps of a flow that are moved and copied in the builder, by drag and by keyboard."""

from playwright.sync_api import Page, expect

from tenants.models import Tenant
from tests.browser.test_flow_builder import (
    OUT,
    card,
    draft_of,
    open_flow,
    saved,
    shop,
    site,
)
from tests.factories.flows import definition, message_node
from tests.flows.nodes import wait

__all__ = ["shop", "site"]

MOVED = {
    "thank": ["month"],
    "month": ["ask"],
    "ask": ["pause", "plain"],
    "pause": ["code"],
    "code": ["end"],
    "plain": ["end"],
    "end": [],
}


def ways_of(page: Page, tenant: Tenant, flow_id: int) -> dict[str, list[str]]:
    expect(saved(page)).to_be_visible()
    found = draft_of(tenant, flow_id)["nodes"]
    return {key: [node[way] for way in OUT if way in node] for key, node in found.items()}


def drop(page: Page, key: str, plus: str) -> None:
    """Drag a card onto a plus."""
    onto = page.get_by_role("button", name=f"Add a step after {plus}", exact=True)
    card(page, key).drag_to(onto)


def test_cards_move_and_are_copied_by_drag_and_several_are_chosen_at_once(
    page: Page, site: str, shop: Tenant
) -> None:
    """Moved steps keep their keys, so that people inside and what names them stay with them."""
    repeat = {"field": "order_count", "is": ">=", "value": 2}
    nodes = {
        "thank": message_node("thanks", "pause"),
        "pause": wait(2, "days", "ask"),
        "ask": {"type": "split", "condition": repeat, "yes": "code", "no": "plain"},
        "code": message_node("code", "month"),
        "plain": message_node("goes_with", "month"),
        "month": wait(30, "days", "end"),
    }
    flow_id = open_flow(page, site, shop, definition(nodes))

    def ways() -> dict[str, list[str]]:
        return ways_of(page, shop, flow_id)

    small = page.get_by_role("img", name="The whole flow, small")
    expect(small.locator(".react-flow__minimap-node")).to_have_count(8)
    drop(page, "pause", "Split: Yes")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    drop(page, "ask", "Wait 30 days")
    assert ways() == MOVED
    card(page, "thank").click()
    card(page, "month").click(modifiers=["Control"])
    page.keyboard.press("Control+x")
    card(page, "plain").focus()
    page.keyboard.press("Control+v")
    assert ways() == {**MOVED, "plain": ["thank"], "month": ["end"]}
    page.keyboard.down("Control")
    drop(page, "code", "Thank you")
    page.keyboard.up("Control")
    expect(card(page, "message")).to_be_visible()
    copied = {"plain": ["thank"], "thank": ["message"], "message": ["month"], "month": ["end"]}
    assert ways() == {**MOVED, **copied}
    card(page, "code").click(modifiers=["Control"])
    page.keyboard.press("Delete")
    expect(card(page, "message")).to_have_count(0)
    assert ways() == {
        "ask": ["pause", "plain"],
        "pause": ["end"],
        "plain": ["thank"],
        "thank": ["month"],
        "month": ["end"],
        "end": [],
    }
