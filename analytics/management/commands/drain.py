"""`drain`: works off what is due in this process, for checks without workers."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.work import drain_tenant
from tenants.queries import list_tenant_ids


class Command(BaseCommand):
    """Gives every tenant its turns, one after the other."""

    help = "Work off everything that is due, in this process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="slug; default: all tenants")
        parser.add_argument(
            "--until-idle",
            action="store_true",
            help="look again at all tenants until none has anything due",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        tenant_ids = list_tenant_ids(options["tenant"])
        if options["tenant"] and not tenant_ids:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        rounds = 0
        while done := sum(drain_tenant(tenant_id) for tenant_id in tenant_ids):
            rounds += done
            if not options["until_idle"]:
                break
        if options["json"]:
            self.stdout.write(json.dumps({"tenants": len(tenant_ids), "rounds": rounds}))
        else:
            self.stdout.write(f"{rounds} rounds of work for {len(tenant_ids)} tenants")
