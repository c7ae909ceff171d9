"""Fixtures of a site with a write key, and of a shop's page on an origin of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from playwright.sync_api import Page, Route

from kernel.postgres.edge import close_connections
from stores.services.write_keys import forget_keys
from tenants.choices import KeyKind
from tenants.models import Tenant
from tenants.services.keys import create_key
from tests.support.tracking import FakeSite

SHOP = "http://shop.example"
"""Another origin than Patron's, answered by the test."""
PATRON = "http://crm.example"
"""Patron, as the shop's pages know it."""
SHELL = """<!doctype html><html lang="en"><head><title>Soap</title>
<meta name="viewport" content="width=device-width">{head}</head>
<body><main><h1>Soap</h1><a href="#more">More soap</a>{body}</main></body></html>"""


@pytest.fixture
def site(transactional_db: None, tenant: Tenant, client: Client) -> Iterator[FakeSite]:
    """A site of the tenant, really committed: the edge has a connection of its own."""
    forget_keys()
    key = create_key(name="Site", kind=KeyKind.WRITE)
    yield FakeSite(key.secret, client)
    forget_keys()
    close_connections()


@dataclass
class ForeignSite:
    """A shop's pages on an origin of their own, which load the scripts of a running Patron.

    A browser lets no page of the web ask a server on loopback, so Patron has a name of the web too.

    Attributes:
        home: where Patron really runs.
        policy: the Content-Security-Policy of its pages; empty for none.
    """

    page: Page
    home: str
    head: str = ""
    body: str = ""
    policy: str = ""

    def open(self, path: str = "/") -> None:
        """Show one of its pages."""
        self.page.route(f"{SHOP}/**", self._show)
        self.page.route(f"{PATRON}/**", self._pass_on)
        self.page.goto(SHOP + path)

    def _pass_on(self, route: Route) -> None:
        answer = route.fetch(url=route.request.url.replace(PATRON, self.home, 1))
        route.fulfill(response=answer)

    def _show(self, route: Route) -> None:
        headers = {"Content-Security-Policy": self.policy} if self.policy else {}
        html = SHELL.format(head=self.head, body=self.body)
        route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)
