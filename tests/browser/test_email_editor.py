"""The editor of e-mails in a real browser: build, preview as three people, test, open and click."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from crm.models import Product, ProductFigures, Store, Variant
from kernel.batches import Deadline
from kernel.embedded.mailbox import list_mails
from kernel.scope import tenant_scope
from messaging.models import Message, Template, Touch
from messaging.queries.assets import describe
from messaging.services.assets import add_asset
from messaging.services.authoring import create_template
from messaging.services.senders import ensure_default_sender
from messaging.services.sending import send_due
from messaging.services.starters import draft_of
from tenants.models import Tenant
from tests.browser.test_pages import enter
from tests.browser.visiting import settled
from tests.factories.coupons import make_pool
from tests.factories.messaging import make_recipient
from tests.factories.pictures import draw_picture
from tests.factories.tenants import make_tenant

pytestmark = pytest.mark.covers("M6")
ADD_AND_SAVE = """() => {
    const press = words => [...document.querySelectorAll("button")]
        .find(button => button.textContent.trim() === words).click();
    press("Code");
    press("Line");
    press("Save");
}"""
"""Faster than anybody: back from the code, a line added and all of it saved in one turn."""


@pytest.fixture
def shop(transactional_db: None, live_server: LiveServer) -> Tenant:
    """A merchant with soaps and three readers."""
    tenant = make_tenant()
    with tenant_scope(tenant.pk), transaction.atomic():
        store = Store.objects.create(
            name="Shop", platform="custom", currency="GBP", timezone="UTC", url=live_server.url
        )
        picture = add_asset(draw_picture(width=600), "soap.png", actor="ada@example.com").asset
        for number, title in enumerate(("Lemon soap", "Mint soap", "Rose soap", "Oil")):
            product = Product.objects.create(
                store=store,
                external_id=title,
                title=title,
                category="Soap" if "soap" in title else "Care",
                url=f"{live_server.url}/healthz",
                image_url=f"{live_server.url}{describe(picture).path}",
            )
            Variant.objects.create(
                product=product, store=store, external_id=title, price_minor=1250, currency="GBP"
            )
            ProductFigures.objects.create(product=product, units=9 - number)
        ensure_default_sender()
        for name in ("Zoë", "Bob", ""):
            make_recipient(first_name=name, email=f"{name or 'nameless'}@example.com".lower())
        make_pool(["SPRING-1", "SPRING-2"], name="Spring ten")
        draft = draft_of("blank", name="Spring", channel="email", message_class="promotional")
        create_template(draft, actor="ada@example.com")
    return tenant


def stored(tenant: Tenant) -> Template:
    with tenant_scope(tenant.pk), transaction.atomic():
        return Template.objects.get()


def build(page: Page) -> None:
    """Add a product grid and set it; add another block, take it out, undo and do that again."""
    parts = page.get_by_role("list", name="Parts of the mail")
    expect(parts.get_by_role("button", name="Header", exact=True)).to_be_visible()
    page.get_by_role("button", name="Product grid", exact=True).first.click()
    panel = page.locator(".e-panel")
    panel.get_by_label("Of the category").select_option("Soap")
    panel.get_by_label("How many").fill("2")
    panel.get_by_label("Heading").fill("Soaps of the week")
    panel.get_by_label("Heading").press("Tab")
    expect(page.frame_locator("iframe.gjs-frame").get_by_text("Soaps of the week")).to_be_visible()
    page.get_by_role("button", name="Coupon", exact=True).first.click()
    panel.get_by_label("Coupon").select_option(label="Spring ten")
    expect(page.frame_locator("iframe.gjs-frame").get_by_text("CODE-1234")).to_be_visible()
    page.get_by_role("button", name="Loyalty status", exact=True).first.click()
    page.get_by_role("button", name="Delete Loyalty status").click()
    loyalty = parts.get_by_role("button", name="Loyalty status", exact=True)
    page.get_by_role("button", name="Undo").click()
    expect(loyalty).to_be_visible()
    page.get_by_role("button", name="Redo").click()
    expect(loyalty).to_have_count(0)


def see_as(page: Page, name: str) -> None:
    """Show the mail as one of the readers, who sees two soaps and no oil."""
    mail = page.frame_locator("iframe.t-frame")
    with settled(page):
        page.locator(".t-reader").filter(has_text=name).click()
    expect(page.locator("#preview-title")).to_contain_text(name)
    expect(mail.get_by_text("Lemon soap")).to_be_visible()
    expect(mail.get_by_text("£12.50").first).to_be_visible()
    expect(mail.get_by_text("Oil")).to_have_count(0)
    expect(mail.get_by_text("10% off").first).to_be_visible()


def follow(page: Page, shop: Tenant, address: str, site: str) -> int:
    """Open the test in the mailbox and follow its button; returns whose touch that is."""
    [mail] = list_mails(Path(settings.MAILBOX_DIR), to=address)[:1]
    page.goto(f"{site}/mailbox/{mail.id}/")
    expect(page.locator("#mail-subject")).to_have_text(re.compile(r"^\[Test\] News from"))
    with page.expect_popup() as opened:
        page.frame_locator(".mail-body").get_by_role("link", name="See it in the shop").click()
    opened.value.wait_for_load_state()
    with tenant_scope(shop.pk), transaction.atomic():
        [touch] = Touch.objects.filter(kind="clicked")
    return touch.profile_id


def test_a_mail_is_built_previewed_tested_opened_and_clicked(
    page: Page, shop: Tenant, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    pages = enter(page, shop, live_server)
    page.goto(f"{pages}content/templates/")
    page.get_by_role("link", name="Spring").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    build(page)
    with settled(page):
        page.get_by_role("button", name="Save and see it as a reader").click()
    saved = stored(shop).mjml
    grid = '<mj-product-grid category="Soap" count="2" title="Soaps of the week"></mj-product-grid>'
    assert grid in saved
    order = [saved.index(tag) for tag in ("mj-product-grid", "mj-coupon", "mj-brand-footer")]
    assert order == sorted(order)
    assert '<mj-button href="{{ store.url }}">See it in the shop</mj-button>' in saved
    for name in ("Zoë", "Bob", "nameless@example.com"):
        see_as(page, name)

    page.get_by_role("button", name="Send a test…").click()
    with settled(page):
        page.get_by_role("button", name="Send the test").click()
    with tenant_scope(shop.pk):
        send_due(Deadline(seconds=None))
        with transaction.atomic():
            [message] = Message.objects.all()
    assert message.status == "sent", message.detail
    touched = follow(page, shop, message.address, live_server.url)
    page.goto(f"{pages}profiles/{touched}/?tab=messages")
    expect(page.get_by_text("[Test] News from").first).to_be_visible()


def test_code_and_blocks_show_the_same_and_liquid_is_kept(
    page: Page, shop: Tenant, live_server: LiveServer
) -> None:
    enter(page, shop, live_server)
    page.goto(f"{live_server.url}/t/{shop.slug}/content/templates/{stored(shop).pk}/edit/")
    before = stored(shop).mjml
    code = page.get_by_label("Code", exact=True)
    toggle = page.get_by_role("button", name="Code", exact=True)
    expect(page.frame_locator("iframe.gjs-frame").get_by_text("matters")).to_be_visible()

    toggle.click()
    liquid = '{% if person.city.size > 2 %}Hello {{ person.city | default: "you" }}{% endif %}'
    for_some = '<mj-section show-to="language is not de">'
    written = before.replace("Write as you would to one person.", liquid)
    code.fill(written.replace("<mj-section>", for_some, 1))
    toggle.click()
    expect(page.get_by_text("Language is not de")).to_be_visible()
    expect(page.frame_locator("iframe.gjs-frame").get_by_text("Hello {{")).to_be_visible()
    page.get_by_role("button", name="Line", exact=True).click()
    with settled(page):
        page.get_by_role("button", name="Save", exact=True).click()

    saved = stored(shop).mjml
    assert liquid in saved
    assert for_some in saved
    assert "<mj-divider></mj-divider>" in saved


def test_what_is_added_in_the_same_instant_as_the_code_is_shown_again_is_saved(
    page: Page, shop: Tenant, live_server: LiveServer
) -> None:
    enter(page, shop, live_server)
    page.goto(f"{live_server.url}/t/{shop.slug}/content/templates/{stored(shop).pk}/edit/")
    expect(page.frame_locator("iframe.gjs-frame").get_by_text("matters")).to_be_visible()
    page.get_by_role("button", name="Code", exact=True).click()
    code = page.get_by_label("Code", exact=True)
    code.fill(code.input_value().replace("Write as you would to one person.", "Dear reader."))
    with settled(page):
        page.evaluate(ADD_AND_SAVE)

    saved = stored(shop).mjml
    assert "Dear reader." in saved
    assert "<mj-divider></mj-divider>" in saved


def test_a_mail_that_was_only_opened_has_nothing_to_undo_and_is_saved_as_it_was(
    page: Page, shop: Tenant, live_server: LiveServer
) -> None:
    enter(page, shop, live_server)
    page.goto(f"{live_server.url}/t/{shop.slug}/content/templates/{stored(shop).pk}/edit/")
    before = stored(shop).mjml
    parts = page.get_by_role("list", name="Parts of the mail")
    parts.get_by_role("button", name="Header", exact=True).click()
    expect(page.locator(".e-panel-title").get_by_text("Header")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    with settled(page):
        page.get_by_role("button", name="Save", exact=True).click()
    assert stored(shop).mjml.splitlines() == before.splitlines()
