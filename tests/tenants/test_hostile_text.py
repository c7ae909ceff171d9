"""What people and shops type is shown as they typed it, on every page, and never runs."""

import csv
import io
import re

import pytest
from django.http import HttpResponseBase
from django.test import Client

from tenants.models import ApiKey, Tenant
from tests.factories.samples import make_everything
from tests.factories.tenants import make_key, sign_in
from tests.support.hostile import ENDLESS, MARKUP, MIXED, spoil
from tests.tenants.routes import PAGES, Page

SEEN = [page for page in PAGES if page.method == "get"]
FORMULA = "=HYPERLINK(1)"
LIVE = re.compile(r"<script>alert|<img src=x")


def fill(page: Page, tenant: Tenant, ids: dict[str, int]) -> str:
    path = re.sub(r"<int:(\w+)>", lambda found: str(ids[found[1]]), page.path)
    return f"/t/{tenant.slug}/{path}"


def read(answer: HttpResponseBase) -> str:
    if answer.streaming:
        return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return str(answer.content.decode())  # type: ignore[attr-defined]


@pytest.fixture
def everything(tenant: Tenant, broker: object) -> dict[str, int]:
    """Ids of one of each thing of the tenant."""
    ids = make_everything()
    make_key(tenant)
    return {**ids, "key_id": ApiKey.objects.get().pk}


@pytest.fixture
def member(tenant: Tenant) -> Client:
    """An owner who looks at it."""
    return sign_in(tenant)


@pytest.mark.parametrize("text", [MARKUP, ENDLESS, MIXED], ids=["markup", "endless", "mixed"])
def test_no_page_breaks_and_none_runs_what_was_typed(
    tenant: Tenant, everything: dict[str, int], member: Client, text: str
) -> None:
    spoil(tenant, text)
    broken, running, shown = [], [], 0
    for page in SEEN:
        answer = member.get(fill(page, tenant, everything))
        content = read(answer)
        if answer.status_code >= 500:
            broken.append(page.path)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            running += [page.path] if LIVE.search(content) else []
            shown += "&lt;script&gt;alert(1)" in content or text[:150] in content
    assert (broken, running) == ([], [])
    assert shown > 20


def test_no_cell_of_a_download_begins_a_formula(
    tenant: Tenant, everything: dict[str, int], member: Client
) -> None:
    spoil(tenant, FORMULA)
    checked = []
    for page in SEEN:
        answer = member.get(fill(page, tenant, everything))
        if answer.headers.get("Content-Type", "").startswith("text/csv"):
            cells = [cell for row in csv.reader(io.StringIO(read(answer))) for cell in row]
            assert [cell for cell in cells if cell.startswith(("=", "+", "@"))] == [], page.path
            checked.append(page.path)
    assert checked
