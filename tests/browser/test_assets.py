"""Pictures in a real browser: uploaded, with what is wrong of each, chosen and seen."""

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import FilePayload, Page, expect
from pytest_django.live_server_helper import LiveServer

from kernel.scope import tenant_scope
from messaging.models import Template
from messaging.services.authoring import create_template
from messaging.services.senders import ensure_default_sender
from messaging.services.starters import draft_of
from tenants.models import Tenant
from tests.browser.test_pages import enter
from tests.browser.visiting import settled
from tests.factories.pictures import draw_picture
from tests.factories.tenants import make_tenant

pytestmark = pytest.mark.covers("M6")


@pytest.fixture
def shop(transactional_db: None) -> Tenant:
    """A merchant with one template and no picture."""
    tenant = make_tenant()
    with tenant_scope(tenant.pk), transaction.atomic():
        ensure_default_sender()
        draft = draft_of("blank", name="Spring", channel="email", message_class="promotional")
        create_template(draft, actor="ada@example.com")
    return tenant


def file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": content}


def upload(page: Page) -> None:
    """Send a picture and something else, and give the picture its words."""
    files = [file("soap.png", draw_picture(width=900, height=500)), file("logo.png", b"<svg/>")]
    page.get_by_label("Choose pictures").set_input_files(files)
    expect(page.locator(".p-upload").nth(0)).to_contain_text("Uploaded")
    expect(page.locator(".p-upload").nth(1)).to_contain_text("An SVG can carry script")
    page.get_by_role("link", name="soap.png").click()
    page.get_by_label("Words instead").fill("A bar of soap")
    with settled(page):
        page.get_by_role("button", name="Save", exact=True).click()


def choose(page: Page) -> None:
    """Put the picture into the mail, then another one that is uploaded there."""
    page.get_by_role("button", name="Picture", exact=True).first.click()
    page.get_by_role("button", name="Choose a picture").click()
    dialog = page.get_by_role("dialog", name="Choose a picture")
    dialog.get_by_role("button", name="soap.png").click()
    expect(page.get_by_label("Words instead")).to_have_value("A bar of soap")
    page.get_by_role("button", name="Choose another").click()
    another = file("mint.png", draw_picture(width=800))
    dialog.get_by_label("Upload a picture").set_input_files(another)
    expect(dialog).to_be_hidden()


def test_pictures_are_uploaded_described_and_put_into_a_mail(
    page: Page, shop: Tenant, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    pages = enter(page, shop, live_server)
    page.goto(f"{pages}content/pictures/")
    expect(page.get_by_text("No pictures yet")).to_be_visible()
    upload(page)
    with tenant_scope(shop.pk), transaction.atomic():
        template_id = Template.objects.get().pk
    page.goto(f"{pages}content/templates/{template_id}/edit/")
    frame = page.frame_locator("iframe.gjs-frame")
    expect(frame.get_by_text("matters")).to_be_visible()
    choose(page)
    picture = frame.locator("img[src*='/pictures/']")
    expect(picture).to_be_visible()
    with settled(page):
        page.get_by_role("button", name="Save and see it as a reader").click()
    shown = page.frame_locator("iframe.t-frame").get_by_alt_text("A bar of soap")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 800
