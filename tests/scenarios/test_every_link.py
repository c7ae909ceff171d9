"""Whatever a page of a merchant links to, filters, sorts and later pages included, opens."""

import html
import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from tenants.models import Tenant
from tests.browser.everything import make_pages
from tests.factories.tenants import sign_in
from tests.support.shopify import FakeShop

ADDRESS = re.compile(r'(?:href|data-src)="([^"]+)"')
PER_KIND = 2
"""How many addresses are opened that differ in ids or values only."""


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
@pytest.mark.usefixtures("broker")
def test_every_link_of_every_page_opens(
    shop: FakeShop, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PUBLIC_URL", "http://testserver")
    pages = make_pages(shop, tenant)
    visited = Counter[int]()
    broken = []
    for path, status, linked_from in _crawl(sign_in(tenant), tenant, list(pages.values())):
        visited[status] += 1
        if status >= 400:
            broken.append((status, path, linked_from))
    assert broken == []
    assert visited[200] > len(pages)


def _crawl(client: Client, tenant: Tenant, paths: list[str]) -> Iterator[tuple[str, int, str]]:
    """Open pages and what they link to, and yield path, status and the page with the link."""
    waiting = deque((path, "") for path in paths)
    seen = set(paths)
    kinds = Counter[tuple[Any, ...]]()
    while waiting:
        path, linked_from = waiting.popleft()
        answer = client.get(path)
        yield path, answer.status_code, linked_from
        for address in _links(answer):
            found = urljoin(path, address).partition("#")[0]
            kind = _kind(found)
            is_ours = found.startswith(f"/t/{tenant.slug}/")
            if not is_ours or found in seen or kinds[kind] >= PER_KIND:
                continue
            kinds[kind] += 1
            seen.add(found)
            waiting.append((found, path))


def _links(answer: Any) -> list[str]:
    if answer.streaming or "html" not in answer.headers.get("Content-Type", ""):
        return []
    return [html.unescape(address) for address in ADDRESS.findall(answer.content.decode())]


def _kind(address: str) -> tuple[Any, ...]:
    parts = urlsplit(address)
    names = sorted({name for name, _ in parse_qsl(parts.query)})
    return (re.sub(r"\d+", "N", parts.path), *names)
