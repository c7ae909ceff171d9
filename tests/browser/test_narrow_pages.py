"""Every page with data on a narrow screen, in both themes.

Each page fits its screen, writes nothing on the console, asks no other host, keeps to the policy
and has no fault that axe calls serious or critical. ``--screenshots DIR`` keeps the pictures.
"""

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tenants.models import Tenant
from tests.browser.visiting import NARROW, Theme, look_at_all, visit


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_a_phone_and_is_sound(
    browser: Browser,
    pages: dict[str, str],
    tenant: Tenant,
    live_server: LiveServer,
    folder: str | None,
    theme: Theme,
) -> None:
    with visit(browser, live_server.url, NARROW, theme=theme) as visitor:
        kind = f"{theme}-390"
        assert look_at_all(visitor, pages, tenant, folder=folder, kind=kind) == {}
