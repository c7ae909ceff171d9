"""Every page and list costs the statements that are written down, and no more with thirty rows.

``tests/query_budgets.json`` holds the most that each address may send; a page that needs more is
changed, or its budget on purpose.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Event, ProfileFacts
from kernel import clock
from kernel.tenancy import tenant_scope
from loyalty.models import PointsEntry
from segments.models import MembershipChange, Segment
from tenants.models import ApiKey, Tenant
from tests.factories.samples import (
    make_delivery,
    make_event,
    make_everything,
    make_job,
    make_order,
    make_profile,
    make_store,
)
from tests.factories.tenants import call_with, make_key, sign_in
from tests.tenants.routes import API, PAGES

BUDGETS = Path(settings.BASE_DIR) / "tests" / "query_budgets.json"
ROWS = 30
SLACK = 3
"""Statements that a list may send once it has rows at all, such as for what belongs to them."""
LEFT_OUT = ("export", "download", ".csv", "jobs/<int:job_id>/file/")
"""Files are as long as what they hold."""


UNRECORDED = 30
"""The budget of a page that is not in the file yet; `--record-budgets` writes the file anew."""


def addresses() -> Iterator[str]:
    for page in PAGES:
        if page.method == "get" and not any(word in page.path for word in LEFT_OUT):
            yield page.path
    for endpoint in API:
        if "get" in endpoint.methods:
            named = re.sub("<pk>", f"<{endpoint.names}>", endpoint.path)
            yield f"api/v1/{named}"


def fill_with_more(ids: dict[str, int]) -> None:
    """Give the tenant thirty more of what lists show."""
    store = make_store("Second")
    now = clock.now()
    for number in range(ROWS):
        profile = make_profile(first_name=f"P{number}", tags=["VIP"])
        ProfileFacts.objects.create(profile=profile, order_count=1, net_minor=1250)
        make_order(store, profile)
        make_event(profile)
        make_delivery(store)
        make_job()
        PointsEntry.objects.create(
            profile=profile,
            kind="earn",
            points=5,
            source_key=f"more:{number}",
            effective_at=now - timedelta(minutes=number),
        )
        MembershipChange.objects.create(
            profile_id=profile.pk, segment_id=ids["segment_id"], entered=True, at=now, cause="event"
        )
        Segment.objects.create(
            name=f"Segment {number}", definition={"field": "order_count", "is": ">=", "value": 1}
        )
        Event.objects.create(
            profile_id=ids["profile_id"], name="Product Viewed", occurred_at=now, source="api"
        )


def count(client: Client, address: str) -> int:
    client.get(address)  # what is asked for once and kept is asked for here
    with CaptureQueriesContext(connection) as statements:
        answer: Any = client.get(address)
    assert answer.status_code < 500, address
    return len(statements)


def test_every_page_keeps_to_its_budget_whatever_the_rows(
    tenant: Tenant, broker: object, request: pytest.FixtureRequest
) -> None:
    with tenant_scope(tenant.pk):
        ids = make_everything()
    api = call_with(make_key(tenant))
    ids["key_id"] = ApiKey.objects.get().pk
    pages = sign_in(tenant)

    def ask(path: str) -> int:
        filled = re.sub(r"<(?:int:)?(\w+)>", lambda found: str(ids[found[1]]), path)
        if path.startswith("api/"):
            return count(api, f"/{filled}")
        return count(pages, f"/t/{tenant.slug}/{filled}")

    few = {path: ask(path) for path in addresses()}
    fill_with_more(ids)
    many = {path: ask(path) for path in addresses()}
    if request.config.getoption("--record-budgets"):
        BUDGETS.write_text(json.dumps(many, indent=2, sort_keys=True) + "\n", "utf-8")
    budgets = json.loads(BUDGETS.read_text("utf-8"))

    # What is kept for a minute is asked for once more on a page that is opened just then.
    for path, sent in many.items():
        if sent > min(few[path] + SLACK, budgets.get(path, UNRECORDED)):
            many[path] = min(sent, ask(path))
    grown = {path: (few[path], many[path]) for path in few if many[path] > few[path] + SLACK}
    over = {path: many[path] for path in many if many[path] > budgets.get(path, UNRECORDED)}
    assert grown == {}
    assert over == {}
    assert set(budgets) - set(many) == set()
