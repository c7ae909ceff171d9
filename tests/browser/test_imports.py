"""A file on its way through the wizard in a real browser, to the profile it made and back again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from crm.models import Profile
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from tenants.models import Tenant
from tests.browser.visiting import ask_axe
from tests.factories.tenants import make_tenant, sign_in

BODY = (
    "Email,First name,Favourite soap\n"
    "zoe@example.com,Zoë,Lemon\n"
    "ZOE@example.com,Zoe,Rose\n"
    "nobody,No,Rose\n"
)


@pytest.fixture
def merchant(transactional_db: None, broker: object) -> Tenant:
    """A merchant with an owner and nothing else."""
    return make_tenant()


@pytest.fixture
def page(
    browser: Browser,
    live_server: LiveServer,
    merchant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Page]:
    """The list of imports, as the owner sees it."""
    monkeypatch.setattr(settings, "PUBLIC_URL", live_server.url)
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London")
    name = settings.SESSION_COOKIE_NAME
    value = sign_in(merchant).cookies[name].value
    context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    opened = context.new_page()
    opened.goto(f"{live_server.url}/t/{merchant.slug}/imports/")
    yield opened
    context.close()


def test_a_merchant_brings_customers_and_gets_the_refused_rows_back(
    page: Page, merchant: Tenant, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(BODY)

    page.get_by_role("link", name="Import a file").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Upload the file").click()

    expect(page.get_by_label("What Email means")).to_have_value("email")
    expect(page.get_by_label("What Favourite soap means")).to_have_value("property")
    page.get_by_label("Tag for everybody").fill("Old list")
    page.get_by_role("button", name="Check the file").click()

    expect(page.get_by_text("It goes on by itself")).to_be_visible()
    work_off(merchant)
    expect(page.get_by_role("button", name="Import 1 person")).to_be_visible()
    expect(page.get_by_text("1 refused, 1 duplicate")).to_be_visible()
    assert ask_axe(page) == []
    page.get_by_role("button", name="Import 1 person").click()

    expect(page.get_by_text("On its way in")).to_be_visible()
    work_off(merchant)
    expect(page.get_by_text("Imported. No flow started")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download these rows").click()
    assert download.value.suggested_filename == "people-not-imported.csv"
    assert download.value.path().read_text().splitlines() == [
        "Email,First name,Favourite soap,Why not taken",
        'ZOE@example.com,Zoe,Rose,"Names the same person as row 1, which was taken."',
        "nobody,No,Rose,Email “nobody” is malformed.",
    ]
    with tenant_scope(merchant.pk), transaction.atomic():
        zoe = Profile.objects.get()
        assert (zoe.first_name, zoe.properties, zoe.tags) == (
            "Zoë",
            {"Favourite soap": "Lemon"},
            ["Old list"],
        )


def work_off(tenant: Tenant) -> None:
    """Let the background jobs of a tenant run, as a worker would."""
    with tenant_scope(tenant.pk):
        drain_tenant(tenant.pk, kinds=["jobs"])
