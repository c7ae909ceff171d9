"""``score``: score RFM now, or as of the end of a day in the past."""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kernel import clock
from kernel.tenancy import tenant_scope
from segments.choices import Cause
from segments.queries.rfm import get_scale_summary
from segments.services.rebuild import rebuild
from segments.services.rfm import score_all
from tenants.queries import find_tenant


class Command(BaseCommand):
    """Score every buyer of a tenant."""

    help = "Scores RFM of a tenant, now or as of a day; --as-of looks at history that ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--as-of", type=_parse_day, metavar="DATE", help="such as 2011-12-09")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = find_tenant(options["tenant"])
        if tenant is None:
            raise CommandError(f"no tenant has the slug {options['tenant']!r}")
        with tenant_scope(tenant.pk):
            summary = _score(options["as_of"])
        if options["json"]:
            self.stdout.write(json.dumps(summary))
            return
        self.stdout.write(f"{summary['buyers']} buyers as of {summary['as_of']}, {summary['mode']}")
        for group, count in summary["groups"].items():
            self.stdout.write(f"{count:>9}  {group}")


def _score(as_of: date | None) -> dict[str, Any]:
    """Score, then let the segments that ask for scores follow; a past day tells no flow."""
    now = clock.now()
    with transaction.atomic():
        score_all(now, as_of=as_of)
        summary = get_scale_summary()
    rebuild(now, Cause.REFERENCE if as_of is None else Cause.DEFINITION)
    return summary


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise CommandError(f"{text!r} is not a date; write 2011-12-09") from exc
