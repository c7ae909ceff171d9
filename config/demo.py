"""Two demo tenants with a year behind them, loaded through the same code as live data.

The year is applied week by week under a simulated clock, so that segments, scores and points
moved when they would have moved. Flows are off until the last days: history writes to nobody.
The shops are loaded side by side.
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from threading import Lock

from django.db import connection, transaction

from config.demo_campaigns import DAY_OF_NEWS, plan_offer, send_news
from config.demo_readers import PastReaders
from config.purge import purge_tenant
from crm.choices import EventSource, Platform
from crm.services.ingest import apply_records
from crm.services.stores import StoreData
from crm.types import OrderRecord, Record
from flows.choices import FlowStatus
from flows.queries.versions import list_flow_ids
from flows.services.flows import set_status
from kernel import clock
from kernel.scope import tenant_scope
from kernel.work import drain_tenant
from loyalty.services.ladder import install_default
from segments.choices import Cause
from segments.services.rebuild import refresh_everything
from stores.services.connections import connect_store
from stores.simulator.aftersales import tell_aftersales
from stores.simulator.catalogue import SHOPS, Shop
from stores.simulator.history import DAYS, Day, Year, build_catalogue
from tenants.models import Tenant, User
from tenants.services.tenants import TenantData, create_tenant

EMAIL = "demo@patron.example"
NAME = "Demo Owner"
DAYS_PER_STEP = 7
LIVE_DAYS = 30
"""Last days of the year in which flows write to people, and some of them read and buy again."""
HISTORY_WORK = ("reactions", "segments")
"""Kinds of work that history makes: nothing waits in the inbox, and flows are off."""
AFTER_WORK = ("reactions", "parcels", "segments")
"""Kinds of work that returns, reviews and tickets make."""
SEED = 20

Progress = Callable[[str, int, int], None]


def is_loaded(log_in_file: Path) -> bool:
    """Say whether the demo was loaded to its end, which is when the log-in is written."""
    return log_in_file.exists() and Tenant.objects.filter(is_demo=True).exists()


def load_demo(log_in_file: Path, progress: Progress) -> None:
    """Create the demo tenants, one owner for both, and their year.

    What an interrupted attempt left behind is removed first.

    Args:
        log_in_file: gets ``{"email", "password"}`` for whoever starts Patron.
        progress: called with a name, the days done and the days in all.
    """
    for unfinished in Tenant.objects.filter(is_demo=True):
        purge_tenant(unfinished.pk)
    password = secrets.token_urlsafe(9)
    User.objects.filter(email=EMAIL).delete()
    tenant_ids = [create_tenant(_tenant_data(shop, password)).tenant.pk for shop in SHOPS]
    User.objects.filter(email=EMAIL).update(name=NAME)
    report = _Report(progress, DAYS * len(SHOPS))
    with ThreadPoolExecutor(len(SHOPS)) as pool:
        years = [
            pool.submit(copy_context().run, _load_shop, tenant_id, shop, SEED + place, report)
            for place, (tenant_id, shop) in enumerate(zip(tenant_ids, SHOPS, strict=True))
        ]
    for year in years:
        year.result()
    log_in_file.write_text(json.dumps({"email": EMAIL, "password": password}), "utf-8")
    log_in_file.chmod(0o600)


class _Report:
    """Adds up the days of shops that are loaded side by side."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._lock = Lock()

    def add(self, days: int) -> None:
        """Count more days, and say how many there are now."""
        with self._lock:
            self._done += days
            self._progress("Demo shops", self._done, self._total)


def _load_shop(tenant_id: int, shop: Shop, seed: int, report: _Report) -> None:
    """Load one shop on this thread's own connection."""
    try:
        with tenant_scope(tenant_id):
            store = connect_store(
                StoreData(shop.store, Platform.SHOPIFY, f"https://{shop.domain}", shop.currency)
            )
            _load_year(tenant_id, store.store_id, shop, seed, report)
    finally:
        connection.close()


def _tenant_data(shop: Shop, password: str) -> TenantData:
    return TenantData(
        name=shop.tenant,
        slug=shop.slug,
        currency=shop.currency,
        timezone=shop.timezone,
        country=shop.country,
        owner_email=EMAIL,
        owner_password=password,
        is_demo=True,
    )


def _load_year(tenant_id: int, store_id: int, shop: Shop, seed: int, report: _Report) -> None:
    year = Year(shop, until=clock.now(), seed=seed)
    days = year.tell()
    _set_flows(FlowStatus.DRAFT)
    _apply(store_id, build_catalogue(shop, year.starts_at), year.starts_at, is_backfill=True)
    ends_at = year.starts_at
    for step in _steps(islice(days, DAYS - LIVE_DAYS)):
        ends_at = step[-1].ends_at
        records = list(chain.from_iterable(day.records for day in step))
        _apply(store_id, records, ends_at, is_backfill=True)
        _drain(tenant_id, ends_at, HISTORY_WORK)
        report.add(len(step))
    _settle(tenant_id, ends_at)
    _set_flows(FlowStatus.LIVE)
    readers = PastReaders(year, seed=seed)
    bought: list[OrderRecord] = []
    for place, day in enumerate(days):
        _apply(store_id, day.records, day.ends_at, is_backfill=False)
        if place == DAY_OF_NEWS:
            send_news(day.ends_at, actor=EMAIL)
        _drain(tenant_id, day.ends_at)
        readers.read_mail()
        bought += [record for record in day.records if isinstance(record, OrderRecord)]
        report.add(1)
    _follow_up(shop, store_id, bought, year.until, seed=seed)
    _drain(tenant_id, year.until, AFTER_WORK)
    plan_offer(year.until, shop.timezone, actor=EMAIL)


def _follow_up(
    shop: Shop, store_id: int, orders: list[OrderRecord], at: datetime, *, seed: int
) -> None:
    """Tell what became of the last orders, by the shop and by two tools beside it."""
    told = tell_aftersales(orders, until=at, seed=seed)
    reviews = StoreData(f"{shop.tenant} reviews", Platform.JUDGEME)
    desk = StoreData(f"{shop.tenant} helpdesk", Platform.ZENDESK)
    _apply(store_id, told.shop, at, is_backfill=True)
    _apply(connect_store(reviews).store_id, told.reviews, at, is_backfill=True)
    _apply(connect_store(desk).store_id, told.tickets, at, is_backfill=True)


def _steps(days: Iterable[Day]) -> Iterator[list[Day]]:
    rest = iter(days)
    while step := list(islice(rest, DAYS_PER_STEP)):
        yield step


def _apply(store_id: int, records: list[Record], at: datetime, *, is_backfill: bool) -> None:
    with clock.simulated(at), transaction.atomic():
        apply_records(store_id, records, source=EventSource.SYNC, is_backfill=is_backfill, now=at)


def _drain(tenant_id: int, at: datetime, kinds: Collection[str] | None = None) -> None:
    with clock.simulated(at):
        drain_tenant(tenant_id, kinds=kinds)


def _settle(tenant_id: int, at: datetime) -> None:
    """Score and place everybody once more, as the night does; on a ladder of tiers too."""
    with clock.simulated(at):
        install_default(actor=EMAIL)
        refresh_everything(at, Cause.IMPORT)
        drain_tenant(tenant_id)


def _set_flows(status: FlowStatus) -> None:
    with transaction.atomic():
        for flow_id in list_flow_ids():
            set_status(flow_id, status)
