"""`import_orders`: history out of a file."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kernel.errors import DomainError
from kernel.money import is_currency
from kernel.scope import tenant_scope
from stores import queries
from stores.platforms.order_file import TARGETS, FileDefaults
from stores.services.imports import ImportJob, ImportResult, ensure_import_store, import_orders
from tenants.models import Tenant
from tenants.queries import find_tenant

BAR_WIDTH = 30
REDRAW_SECONDS = 0.2


class Command(BaseCommand):
    """Imports orders, one row per order line."""

    help = (
        "Import orders from CSV (also gzip, BOM, semicolons) or JSON lines, one row per order "
        f"line. Targets: {', '.join(TARGETS)}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True, help="slug")
        parser.add_argument("--store", type=int, help="id; default: a store named Import")
        parser.add_argument("--currency", default="", help="of rows that name none")
        parser.add_argument("--timezone", default="", help="of times that name none")
        parser.add_argument("--dry-run", action="store_true", help="check and write nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--map",
            action="append",
            nargs="+",
            default=[],
            metavar="TARGET=SOURCE",
            help="column of the file that holds a target",
        )

    def handle(self, **options: Any) -> None:
        tenant = find_tenant(options["tenant"])
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        progress = _Progress(self.stderr if self.stderr.isatty() else None)
        try:
            with tenant_scope(tenant.pk):
                result = import_orders(self._job(tenant, options), progress)
        except DomainError as exc:
            raise CommandError(exc.detail) from exc
        finally:
            progress.close()
        self._print(result, as_json=options["json"], is_trial=options["dry_run"])

    def _job(self, tenant: Tenant, options: dict[str, Any]) -> ImportJob:
        mapping = _mapping([pair for group in options["map"] for pair in group])
        store = self._find_store(options, tenant)
        currency, zone = options["currency"].upper() or store[1], options["timezone"] or store[2]
        if not is_currency(currency):
            raise CommandError(f"{currency!r} is not a known currency.")
        if zone not in available_timezones():
            raise CommandError(f"{zone!r} is not a time zone; write Europe/London.")
        return ImportJob(
            path=options["file"],
            mapping=mapping,
            defaults=FileDefaults(currency=currency, timezone=zone),
            store_id=store[0],
            is_trial=options["dry_run"],
        )

    @transaction.atomic
    def _find_store(self, options: dict[str, Any], tenant: Tenant) -> tuple[int, str, str]:
        if options["store"] is None and options["dry_run"]:
            return 0, tenant.currency, tenant.timezone
        store_id = options["store"] or ensure_import_store()
        store = queries.find_store(store_id)
        if store is None:
            raise CommandError(f"The tenant has no store {store_id}.")
        return store.pk, store.currency, store.timezone

    def _print(self, result: ImportResult, *, as_json: bool, is_trial: bool) -> None:
        figures = result.figures()
        if is_trial:
            figures["dry_run"] = True
        if as_json:
            self.stdout.write(json.dumps(figures, ensure_ascii=False))
            return
        for name, value in figures.items():
            if name != "reasons":
                self.stdout.write(f"{name}: {value}")
        for reason, count in result.reasons.items():
            self.stdout.write(f"  {count} × {reason}")


class _Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._drawn_at = 0.0

    def __call__(self, step: str, share: float, counts: ImportResult, /) -> None:
        if self._stream is None or time.monotonic() - self._drawn_at < REDRAW_SECONDS:
            return
        self._drawn_at = time.monotonic()
        filled = round(min(1.0, share) * BAR_WIDTH)
        bar = "█" * filled + "░" * (BAR_WIDTH - filled)
        text = (
            f"\r{step:<9}{bar} {share:4.0%}  {counts.rows_read:,} rows, {counts.documents:,} done"
        )
        self._stream.write(text, ending="")
        self._stream.flush()

    def close(self) -> None:
        if self._stream is not None and self._drawn_at:
            self._stream.write("")


def _mapping(texts: list[str]) -> dict[str, str]:
    mapping = {}
    for text in texts:
        target, equals, source = text.partition("=")
        if not equals:
            raise CommandError(f"{text!r} is not TARGET=SOURCE.")
        mapping[target.strip()] = source.strip()
    return mapping
