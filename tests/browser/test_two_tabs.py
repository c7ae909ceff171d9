"""One segment in two tabs of a real browser: the second save shows both versions."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from playwright.sync_api import Browser, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from segments.models import Segment
from tenants.choices import Role
from tenants.models import Tenant
from tests.browser.visiting import GRAVE, ask_axe
from tests.factories.segments import make_segment
from tests.factories.tenants import sign_in

SCREENS: dict[str, ViewportSize] = {
    "1440": {"width": 1440, "height": 900},
    "390": {"width": 390, "height": 844},
}
TWO = {"field": "order_count", "is": ">=", "value": 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("screen", ["1440-light", "390-dark"])
def test_the_second_tab_shows_both_versions_and_saves_knowingly(
    browser: Browser,
    live_server: LiveServer,
    tenant: Tenant,
    pytestconfig: pytest.Config,
    screen: str,
) -> None:
    with transaction.atomic():
        segment = make_segment(TWO, "Loyal customers")
    width, _, theme = screen.partition("-")
    name = settings.SESSION_COOKIE_NAME
    context = browser.new_context(
        viewport=SCREENS[width],
        color_scheme="dark" if theme == "dark" else "light",
        locale="en-GB",
    )
    cookie = sign_in(tenant, Role.MARKETER).cookies[name].value
    context.add_cookies([{"name": name, "value": cookie, "url": live_server.url}])
    address = f"{live_server.url}/t/ada-soap/segments/{segment.pk}/edit/"
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        tab.goto(address)

    first.get_by_role("button", name="Edit as JSON").click()
    first.get_by_label("Definition").fill('{"field": "order_count", "is": ">=", "value": 3}')
    first.get_by_role("button", name="Save segment").click()
    first.wait_for_url(f"**/segments/{segment.pk}/")
    second.get_by_label("Name").fill("Fans")
    second.get_by_role("button", name="Save segment").click()

    expect(second.get_by_role("alert")).to_contain_text("Nothing of yours was saved")
    expect(second.get_by_label("Name")).to_have_value("Fans")
    if folder := pytestconfig.getoption("--screenshots"):
        second.screenshot(path=Path(folder) / f"two-tabs-{screen}.png", full_page=True)
    assert second.evaluate("document.documentElement.scrollWidth") <= SCREENS[width]["width"]
    assert ask_axe(second, impacts=GRAVE) == []

    second.get_by_role("button", name="Save this version").click()
    second.wait_for_url(f"**/segments/{segment.pk}/")
    context.close()
    with transaction.atomic():
        saved = Segment.objects.get()
        assert (saved.name, saved.definition) == ("Fans", {**TWO, "value": 3})
