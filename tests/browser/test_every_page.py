"""Every page with data on a wide and on a narrow screen, in both themes.

Each page fits its screen, writes nothing on the console, asks no other host, keeps to the policy
and has no fault that axe calls serious or critical. ``--screenshots DIR`` keeps the pictures.
Pages are loaded in the light theme on the wide screen, and in the dark one on the narrow screen.
"""

from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tenants.models import Tenant
from tests.browser.visiting import SCREENS, look_at_all, visit
from tests.factories.tenants import open_session


def test_every_page_fits_a_desk_and_a_phone_and_is_sound(
    browser: Browser,
    pages: dict[str, str],
    tenant: Tenant,
    live_server: LiveServer,
    folder: str | None,
) -> None:
    session = open_session(tenant)
    nowhere = f"/t/{tenant.slug}/nothing/"
    faults: dict[str, list[str]] = {}
    for size, theme in SCREENS:
        with visit(browser, live_server.url, size, theme=theme) as visitor:
            faults |= look_at_all(visitor, pages, nowhere, session=session, folder=folder)
    assert faults == {}
