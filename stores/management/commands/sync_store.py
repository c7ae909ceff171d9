"""`sync_store`: what the platform of a store knows, pulled in this process."""

import json
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kernel import clock
from kernel.batches import Deadline
from kernel.errors import DomainError
from kernel.scope import tenant_scope
from stores import queries
from stores.choices import SyncStatus
from stores.models import SyncRun
from stores.services.syncing import start_sync, take_turn
from tenants.queries import find_tenant

BAR_WIDTH = 24
LOOK_SECONDS = 1.0
"""How often a run is looked at that waits, or that a worker holds."""
ENDED = (SyncStatus.FINISHED, SyncStatus.FAILED, SyncStatus.CANCELLED, SyncStatus.PAUSED)


class Command(BaseCommand):
    """Pulls a store until everything is here; one that was interrupted goes on."""

    help = "Pull orders, customers and products of a connected store from its platform."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="slug")
        parser.add_argument("--store", required=True, type=int, metavar="ID")
        parser.add_argument("--since", default="", metavar="DATE", help="only what changed since")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        tenant = find_tenant(options["tenant"])
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        with tenant_scope(tenant.pk):
            try:
                since = _read_since(options["since"], tenant.timezone)
                run_id = start_sync(options["store"], since=since)
            except DomainError as exc:
                raise CommandError(exc.detail) from exc
            run = self._follow(run_id)
        if run.status != SyncStatus.FINISHED:
            raise CommandError(f"The pull is {run.status}: {run.detail or 'somebody ended it'}")
        self._print(run, as_json=options["json"])

    def _follow(self, run_id: int) -> SyncRun:
        """Work on the run, and wait where the platform or another worker wants it."""
        while True:
            has_turned = take_turn(Deadline(), run_id)
            run = _load(run_id)
            self._draw(run)
            if run.status in ENDED:
                return run
            if not has_turned or run.status == SyncStatus.WAITING:
                left = (run.wake_at - clock.now()).total_seconds()
                time.sleep(min(LOOK_SECONDS, max(0.05, left)))

    def _draw(self, run: SyncRun) -> None:
        if not self.stderr.isatty():
            return
        expected = max(run.expected or 0, run.read_count)
        share = run.read_count / expected if expected else 0.0
        bar = "█" * round(share * BAR_WIDTH)
        text = f"\r{bar:░<{BAR_WIDTH}} {share:4.0%}  {run.read_count:,} of {expected:,}  "
        self.stderr.write(text + run.detail[:60], ending="")
        if run.status in ENDED:
            self.stderr.write("")

    def _print(self, run: SyncRun, *, as_json: bool) -> None:
        figures = queries.figures_of_sync(run)
        if as_json:
            self.stdout.write(json.dumps(figures))
            return
        for name, value in figures.items():
            self.stdout.write(f"{name}: {value}")


@transaction.atomic
def _load(run_id: int) -> SyncRun:
    found = queries.find_sync_run(run_id)
    if found is None:
        raise CommandError("The pull was deleted meanwhile.")
    return found


def _read_since(found: str, zone: str) -> datetime | None:
    if not found:
        return None
    try:
        at = datetime.fromisoformat(found)
    except ValueError as exc:
        raise CommandError(f"{found!r} is not a date; write 2026-05-04.") from exc
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
