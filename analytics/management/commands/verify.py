"""`verify`: every derived figure recomputed from facts."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.services.verification import verify_tenant
from kernel.tenancy import tenant_scope
from tenants.queries import get_tenant, list_tenant_ids


class Command(BaseCommand):
    """Prints each difference; the exit status is 1 if there is any."""

    help = "Recompute every derived figure from facts and print the differences (0 is right)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="slug; default: all tenants")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        tenant_ids = list_tenant_ids(options["tenant"])
        if options["tenant"] and not tenant_ids:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        found: dict[str, dict[str, list[str]]] = {}
        for tenant_id in tenant_ids:
            with tenant_scope(tenant_id):
                found[get_tenant(tenant_id).slug] = verify_tenant()
        lines = [
            f"{slug}: {app}: {text}"
            for slug, by_app in found.items()
            for app, texts in by_app.items()
            for text in texts
        ]
        for line in lines:
            self.stdout.write(line)
        self._conclude(found, len(lines), as_json=options["json"])

    def _conclude(self, found: dict[str, Any], count: int, *, as_json: bool) -> None:
        if as_json:
            figures = {"tenants": list(found), "differences": count}
            self.stdout.write(json.dumps(figures))
        else:
            self.stdout.write(f"{count} differences in {len(found)} tenants")
        if count:
            raise SystemExit(1)
