"""Every page at both widths with what people type at its worst: it fits, and nothing runs.

``--screenshots DIR`` keeps the pictures.
"""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tenants.models import Tenant
from tests.browser.visiting import NARROW, visit
from tests.support.hostile import ENDLESS, MARKUP, MIXED, spoil

TEXTS = {"markup": MARKUP, "endless": ENDLESS, "mixed": MIXED}


@pytest.mark.parametrize("kind", TEXTS)
def test_every_page_holds_what_people_type(
    browser: Browser,
    pages: dict[str, str],
    tenant: Tenant,
    live_server: LiveServer,
    folder: str | None,
    kind: str,
) -> None:
    spoil(tenant, TEXTS[kind])
    received = pages["data-event"].partition("?")[0]
    pages["data-event"] = f"{received}?{urlencode({'name': TEXTS[kind]})}"
    faults = {}
    with visit(browser, live_server.url, NARROW) as visitor:
        visitor.enter(tenant)
        for page, path in pages.items():
            faults[page] = [*visitor.fit(path), *visitor.widen()]
            visitor.keep(folder, f"{page}-{kind}")

    assert {page: found for page, found in faults.items() if found} == {}
