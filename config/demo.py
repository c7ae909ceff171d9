"""Two demo tenants with a year behind them, loaded through the same code as live data.

The year is applied week by week under a simulated clock, so that segments, scores and points
moved when they would have moved. Flows are off until the last days: history writes to nobody.
"""

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

from django.db import transaction

from config.purge import purge_tenant
from crm.choices import EventSource, Platform
from crm.services.ingest import apply_records
from crm.services.stores import StoreData
from crm.types import Record
from flows.choices import FlowStatus
from flows.queries.versions import list_flow_ids
from flows.services.flows import set_status
from kernel import clock
from kernel.scope import tenant_scope
from kernel.work import drain_tenant
from segments.choices import Cause
from segments.services.rebuild import refresh_everything
from stores.services.connections import connect_store
from stores.simulator.catalogue import SHOPS, Shop
from stores.simulator.history import DAYS, Day, build_catalogue, build_history
from tenants.models import Tenant, User
from tenants.services.tenants import TenantData, create_tenant

EMAIL = "demo@patron.example"
DAYS_PER_STEP = 7
LIVE_DAYS = 2
"""Last days of the year in which flows run, so that the mailbox is not empty."""
HISTORY_WORK = ("reactions", "segments")
"""Kinds of work that history makes: nothing waits in the inbox, and flows are off."""
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
    for place, shop in enumerate(SHOPS):
        tenant = create_tenant(_tenant_data(shop, password)).tenant
        with tenant_scope(tenant.pk):
            store = connect_store(
                StoreData(shop.store, Platform.SHOPIFY, f"https://{shop.domain}", shop.currency)
            )
            _load_year(tenant.pk, store.store_id, shop, SEED + place, progress)
    log_in_file.write_text(json.dumps({"email": EMAIL, "password": password}), "utf-8")
    log_in_file.chmod(0o600)


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


def _load_year(tenant_id: int, store_id: int, shop: Shop, seed: int, progress: Progress) -> None:
    until = clock.now()
    days = list(build_history(shop, until=until, seed=seed))
    history, live = days[:-LIVE_DAYS], days[-LIVE_DAYS:]
    _set_flows(FlowStatus.DRAFT)
    _apply(store_id, build_catalogue(shop, days[0].ends_at), days[0].ends_at, is_backfill=True)
    for done, (ends_at, records) in enumerate(_steps(history), start=1):
        _apply(store_id, records, ends_at, is_backfill=True)
        _drain(tenant_id, ends_at, HISTORY_WORK)
        progress(shop.tenant, min(done * DAYS_PER_STEP, DAYS), DAYS)
    _settle(tenant_id, history[-1].ends_at)
    _set_flows(FlowStatus.LIVE)
    for day in live:
        _apply(store_id, day.records, day.ends_at, is_backfill=False)
        _drain(tenant_id, day.ends_at)
    progress(shop.tenant, DAYS, DAYS)


def _steps(days: Iterable[Day]) -> Iterator[tuple[datetime, list[Record]]]:
    rest = iter(days)
    while step := list(islice(rest, DAYS_PER_STEP)):
        yield step[-1].ends_at, list(chain.from_iterable(day.records for day in step))


def _apply(store_id: int, records: list[Record], at: datetime, *, is_backfill: bool) -> None:
    with clock.simulated(at), transaction.atomic():
        apply_records(store_id, records, source=EventSource.SYNC, is_backfill=is_backfill, now=at)


def _drain(tenant_id: int, at: datetime, kinds: Collection[str] | None = None) -> None:
    with clock.simulated(at):
        drain_tenant(tenant_id, kinds=kinds)


def _settle(tenant_id: int, at: datetime) -> None:
    """Score and place everybody once more, as the night does."""
    with clock.simulated(at):
        refresh_everything(at, Cause.IMPORT)
        drain_tenant(tenant_id)


def _set_flows(status: FlowStatus) -> None:
    with transaction.atomic():
        for flow_id in list_flow_ids():
            set_status(flow_id, status)
