"""Every page at both widths with what people type at its worst: it fits, and nothing runs.

``--screenshots DIR`` keeps the pictures.
"""

from urllib.parse import urlencode

from django.db import transaction
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from crm.models import Product
from crm.queries.stock import ON_SALE
from tenants.models import Tenant
from tests.browser.visiting import NARROW, visit
from tests.factories.tenants import open_session
from tests.support.hostile import ENDLESS, MARKUP, MIXED, spoil

TEXTS = {"endless": ENDLESS, "mixed": f"{MARKUP} {MIXED}"[:200]}


def test_every_page_holds_what_people_type(
    browser: Browser,
    pages: dict[str, str],
    tenant: Tenant,
    live_server: LiveServer,
    folder: str | None,
) -> None:
    received = pages["data-event"].partition("?")[0]
    faults: dict[str, list[str]] = {}
    with visit(browser, live_server.url, NARROW) as visitor:
        visitor.enter(open_session(tenant))
        for kind, text in TEXTS.items():
            write_everywhere(tenant, text)
            pages["data-event"] = f"{received}?{urlencode({'name': text})}"
            for page, path in pages.items():
                faults[f"{page}, {kind}"] = [*visitor.fit(path), *visitor.widen()]
                visitor.keep(folder, f"{page}-{kind}")

    assert {page: found for page, found in faults.items() if found} == {}


@transaction.atomic
def write_everywhere(tenant: Tenant, text: str) -> None:
    spoil(tenant, text)
    # The page of a waiting list knows what is on sale alone.
    Product.objects.filter(variants__external_id="gone").update(status=ON_SALE)
