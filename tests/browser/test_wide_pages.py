"""Every page with data on a wide screen, in both themes.

Each page fits its screen, writes nothing on the console, asks no other host, keeps to the policy
and has no fault that axe calls serious or critical. ``--screenshots DIR`` keeps the pictures.
Pages are loaded in the light theme here, and in the other one on the narrow screen.
"""

from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tenants.models import Tenant
from tests.browser.visiting import WIDE, look_at_all, visit


def test_every_page_fits_a_desk_and_is_sound(
    browser: Browser,
    pages: dict[str, str],
    tenant: Tenant,
    live_server: LiveServer,
    folder: str | None,
) -> None:
    with visit(browser, live_server.url, WIDE, theme="light") as visitor:
        assert look_at_all(visitor, pages, tenant, folder=folder, width=WIDE["width"]) == {}
