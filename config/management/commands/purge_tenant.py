"""`purge_tenant`: removes a merchant with everything it owns, at once."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.purge import purge_tenant
from tenants.queries import find_tenant


class Command(BaseCommand):
    """Removes a tenant for good, without a time of grace; for who runs the installation."""

    help = "Remove a tenant with everything it owns, at once and for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="the tenant's name, to be sure")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        tenant = find_tenant(options["tenant"])
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}")
        if tenant.name != options["name"]:
            raise CommandError(f"{options['tenant']} has another name; nothing was removed")
        rows = purge_tenant(tenant.pk)
        if options["json"]:
            self.stdout.write(json.dumps({"rows": rows}))
        else:
            self.stdout.write(f"{tenant.name} is removed: {rows:,} rows")
