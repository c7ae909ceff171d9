"""Proposals in the editor of a mail: beside the old words, taken or left, saved by a person."""

import json
from collections.abc import Iterator

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from kernel.scope import tenant_scope
from messaging.models import Template
from messaging.services.authoring import create_template
from messaging.services.starters import draft_of
from messaging.services.writing_help import HelpData, save_settings
from tenants.models import AuditEntry, Tenant
from tests.browser.test_pages import enter
from tests.browser.visiting import settled
from tests.factories.tenants import make_tenant
from tests.support.chat_api import KEY, MODEL, ChatApi, serve_chat

pytestmark = pytest.mark.covers("M7")
ADA = "ada@example.com"


@pytest.fixture
def api() -> Iterator[ChatApi]:
    with serve_chat() as found:
        yield found


@pytest.fixture
def shop(transactional_db: None, api: ChatApi) -> Tenant:
    tenant = make_tenant()
    with tenant_scope(tenant.pk), transaction.atomic():
        save_settings(HelpData(True, api.url, MODEL, KEY, "Calm."), actor=ADA)
        draft = draft_of("blank", name="Spring", channel="email", message_class="promotional")
        create_template(draft, actor=ADA)
    return tenant


def stored(tenant: Tenant) -> Template:
    with tenant_scope(tenant.pk), transaction.atomic():
        return Template.objects.get()


def take_a_subject(page: Page) -> None:
    """Take one proposal, put the old words back, and take another one."""
    subject = page.get_by_label("Subject", exact=True)
    before = subject.input_value()
    page.get_by_label("What the words should do").fill("Invite to the sale")
    page.get_by_role("button", name="Propose", exact=True).click()
    proposals = page.locator("#proposals")
    expect(proposals.get_by_text("Soap for spring")).to_be_visible()
    expect(proposals.get_by_text(before)).to_be_visible()
    proposals.get_by_role("button", name="Take proposal 2").click()
    expect(subject).to_have_value("Soap for spring")
    proposals.get_by_role("button", name="Put it back").click()
    expect(subject).to_have_value(before)
    proposals.get_by_role("button", name="Take proposal 3").click()


def test_words_are_proposed_taken_put_back_and_saved(
    page: Page, shop: Tenant, live_server: LiveServer, api: ChatApi
) -> None:
    page.goto(f"{enter(page, shop, live_server)}content/templates/{stored(shop).pk}/edit/")
    mail = page.frame_locator("iframe.gjs-frame")
    expect(mail.get_by_text("matters")).to_be_visible()
    page.get_by_text("Propose words").click()
    take_a_subject(page)

    api.said = json.dumps({"proposals": ["Dear {{ person.first_name }}, 1 < 2 & spring is here."]})
    mail.get_by_text("Write as you would to one person.").click()
    page.get_by_label("For", exact=True).select_option("paragraph")
    page.get_by_role("button", name="Propose", exact=True).click()
    proposals = page.locator("#proposals")
    expect(proposals.get_by_text("Dear {{ person.first_name }}")).to_be_visible()
    proposals.get_by_role("button", name="Take proposal 1").click()
    expect(mail.get_by_text("Dear {{ person.first_name }}")).to_be_visible()
    with settled(page):
        page.get_by_role("button", name="Save", exact=True).click()

    saved = stored(shop)
    assert saved.subject == "A clean start"
    assert "Dear {{ person.first_name }}, 1 &lt; 2 &amp; spring is here." in saved.mjml
    told = json.loads(api.asked[-1]["messages"][1]["content"])
    assert "Write as you would to one person." in told["text_now"]
    with tenant_scope(shop.pk), transaction.atomic():
        taken = AuditEntry.objects.get(action="writing_help.taken")
    assert taken.after == {"parts": ["paragraph", "subject"]}
