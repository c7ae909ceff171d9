"""Takes the audience of a campaign as it is now: everybody's cell and time, chunk by chunk."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from flows.domain.campaigns.cells import REST, draw_cells
from flows.domain.campaigns.hours import best_hour
from flows.domain.campaigns.plan import BEST_HOUR, Plan
from flows.domain.campaigns.times import local_due, test_dues
from flows.domain.delays import pick_zone
from flows.models import Campaign
from flows.queries.campaigns.hours import count_hours
from flows.queries.campaigns.reading import find_zones
from flows.services.campaigns.audience import list_ids
from kernel.arrays import array
from kernel.formats import find_zone
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from tenants.queries import get_tenant

CHUNK: Final = 20_000
"""People that are taken in one transaction; what is held of them grows with this alone."""
REMEMBERED: Final = timedelta(days=180)
"""What somebody opened or clicked before says nothing of their hour today."""


def build_chunk(campaign: Campaign, plan: Plan, starts_at: datetime) -> bool:
    """Take the next people of the audience in, inside the caller's transaction.

    The campaign's cursor moves in the same transaction, so that a chunk that was interrupted is
    taken again, and one that was taken twice adds nobody twice.

    Args:
        campaign: locked by the caller, who saves it.
        plan: of it.
        starts_at: aware; when it began: nobody is due before.

    Returns:
        False when nobody is left to be taken in.
    """
    ids = list_ids(campaign, plan, after=campaign.cursor, limit=CHUNK)
    if not ids:
        return False
    variants, tenant = len(campaign.template_ids), get_tenant(current_tenant_id())
    salt = (tenant.pk, campaign.pk)
    cells = draw_cells(plan, variants, salt, ids, everything=tenant.holdout)
    account = tenant.timezone
    rows: Sequence[Any] = run_sql(
        "flows.build_recipients",
        campaign_id=campaign.pk,
        channel=campaign.channel,
        profile_ids=array(ids),
        cells=array(cells),
        dues=array(
            _times(plan, cells, starts_at, account)
            or _dues(campaign, plan, ids, starts_at, account)
        ),
    )
    for row in rows:
        campaign.recipient_count += row.recipients
        if row.cell < REST:
            campaign.held_out_count += row.recipients
        else:
            campaign.last_due_at = max(campaign.last_due_at or starts_at, row.last_due_at)
    campaign.cursor = ids[-1]
    return len(ids) == CHUNK


def _times(plan: Plan, cells: Sequence[int], starts_at: datetime, account: str) -> list[datetime]:
    """Return when people are due of whom some test times; empty where none are tested."""
    tested = test_dues(plan, find_zone(account), starts_at)
    if not tested:
        return []
    return [tested[cell - 1] if cell > REST else starts_at for cell in cells]


def _dues(
    campaign: Campaign, plan: Plan, ids: Sequence[int], starts_at: datetime, account: str
) -> list[datetime]:
    wall = plan.at
    if not plan.is_personal or wall is None:
        return [starts_at] * len(ids)
    said = find_zones(ids)

    @cache
    def zone_of(name: str, country: str) -> ZoneInfo:
        return pick_zone((name,), country, account)

    @cache
    def due_in(zone: ZoneInfo, hour: int | None) -> datetime:
        local = wall if hour is None else wall.replace(hour=hour, minute=0)
        return local_due(local, zone, if_past=plan.if_past, starts_at=starts_at)

    zones = [zone_of(*said.get(profile_id, ("", ""))) for profile_id in ids]
    hours: Sequence[int | None] = [None] * len(ids)
    if plan.timing == BEST_HOUR:
        own = count_hours(ids, [zone.key for zone in zones], starts_at - REMEMBERED)
        hours = [best_hour(own.get(profile_id, {}), campaign.prior) for profile_id in ids]
    return [due_in(zone, hour) for zone, hour in zip(zones, hours, strict=True)]
