"""`pages`: every page and every list of the API, of a small and of a large tenant in turn.

The addresses come from `tests/tenants/routes.py`, so a new page joins by itself; to them come the
list of people searched, narrowed, sorted and far behind its first page. A page takes some
milliseconds, so the fastest of its runs counts: what is slower was somebody else's work.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext

from crm.models import Order, Profile
from crm.queries import people
from kernel import clock
from kernel.scope import tenant_scope
from messaging.models import Message
from segments.models import Segment
from tenants.models import ApiKey, Tenant
from tests.benchmarks.crowd import TABLES, make_crowd
from tests.benchmarks.measure import Goal, Measured, alternate
from tests.benchmarks.world import Merchant, vacuum
from tests.factories.samples import make_everything
from tests.factories.tenants import call_with, make_key, sign_in
from tests.tenants.routes import API, PAGES

SMALL = 10_000
PAIRS = 5
LIMIT = 1.5
LEFT_OUT = ("export", "download", ".csv")
"""Files are as long as what they hold."""
PEOPLE = (
    "q=ada",
    "q=p4999%40example.com",
    "orders=2%2B",
    "country=JP",
    "consent=subscribed",
    "tag=VIP",
    "without_tag=VIP&sort=-revenue",
    "revenue_min=50",
    "last_order_from=2026-01-01&sort=-last",
    "sort=-revenue",
    "sort=orders",
    "sort=-seen",
    "rfm_group=champions",
)
FAR = 1_000
"""Pages that lie before the last one that is asked for."""


class _Visitor:
    """Somebody who asks one tenant for its pages, signed in as its owner and with a key."""

    def __init__(self, merchant: Merchant) -> None:
        self.tenant = Tenant.objects.get(pk=merchant.tenant_id)
        with tenant_scope(merchant.tenant_id), transaction.atomic():
            self.ids = {**make_everything(), **_usual_ids()}
            self.far = _find_mark()
        self.pages = sign_in(self.tenant, "admin")
        self.api = call_with(make_key(self.tenant))
        self.ids["key_id"] = ApiKey.objects.filter(tenant=self.tenant).latest("pk").pk

    def ask(self, path: str) -> tuple[float, int, int]:
        """Ask once; returns seconds, statements and the answer's status."""
        is_api = path.startswith("api/")
        client = self.api if is_api else self.pages
        address = f"/{path}" if is_api else f"/t/{self.tenant.slug}/{path}"
        address = re.sub(r"<(?:int:)?(\w+)>", lambda found: str(self.ids[found[1]]), address)
        address = address.replace("FAR", self.far)
        reset_queries()  # the log of statements holds a limited number of them
        with CaptureQueriesContext(connection) as statements:
            start = time.perf_counter()
            answer: Any = client.get(address)
            if answer.streaming:
                b"".join(answer.streaming_content)
            seconds = time.perf_counter() - start
        return seconds, len(statements), answer.status_code


def run(size: int) -> list[Measured]:
    """Measure every page of the largest of twenty tenants, at two sizes.

    Args:
        size: profiles of the large world; the small one has 10,000.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings.MEDIA_ROOT = Path(folder)
        small, large = _Visitor(make_crowd(SMALL)), _Visitor(make_crowd(size))
        vacuum(TABLES)
        return [
            line
            for path in list_addresses()
            if (line := _measure(path, small, large, size)) is not None
        ]


def list_addresses() -> Iterator[str]:
    """Return every page and list that can be asked for, and the list of people in many ways."""
    for page in PAGES:
        if page.method == "get" and not any(word in page.path for word in LEFT_OUT):
            yield page.path
    for endpoint in API:
        if "get" in endpoint.methods:
            named = re.sub("<pk>", f"<{endpoint.names}>", endpoint.path)
            yield f"api/v1/{named}"
    yield from (f"profiles/?view=all&{query}" for query in PEOPLE)
    yield "profiles/?view=all&after=FAR"


def _measure(path: str, small: _Visitor, large: _Visitor, size: int) -> Measured | None:
    _, statements, status = large.ask(path)
    if status != 200:
        return None
    floors, runs = alternate(_seconds(small, path), _seconds(large, path), pairs=PAIRS)
    goal = Goal(LIMIT)
    return Measured(
        bench=f"pages {path or 'home'}",
        floor=min(floors),
        ours=min(runs),
        unit=goal.unit,
        goal=goal.limit,
        at_least=False,
        work=f"{statements} statements; {SMALL:,} and {size:,} profiles",
        floors=floors,
        runs=runs,
        memory=None,
    )


def _seconds(visitor: _Visitor, path: str) -> Callable[[], float]:
    return lambda: visitor.ask(path)[0]


def _usual_ids() -> dict[str, int]:
    """Return ids of somebody with orders and messages, and of the largest segment."""
    segment = Segment.objects.order_by("-member_count")[0]
    order = Order.objects.exclude(profile=None).order_by("-ordered_at", "-pk")[10]
    message = Message.objects.order_by("-pk")[10]
    return {
        "segment_id": segment.pk,
        "order_id": order.pk,
        "profile_id": order.profile_id or 0,
        "message_id": message.pk,
    }


def _find_mark() -> str:
    """Return the mark behind the thousandth page, or behind the last but one."""
    behind = min(FAR * people.PAGE_SIZE, Profile.objects.count() - people.PAGE_SIZE)
    row = Profile.objects.order_by("-created_at", "-pk")[behind]
    wanted = people.Wanted()
    page = people.list_people(wanted, clock.now(), after="", limit=1)
    return _mark_of(row, page.next or "")


def _mark_of(row: Profile, example: str) -> str:
    if "_" not in example:
        raise AssertionError("the list has no second page")
    micros = round(row.created_at.timestamp() * 1_000_000)
    return f"{micros}_{row.pk}"
