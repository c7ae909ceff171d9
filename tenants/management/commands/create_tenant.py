"""`create_tenant`: a new merchant, ready to work."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.errors import DomainError
from tenants.services.tenants import TenantData, create_tenant


class Command(BaseCommand):
    """Creates a tenant with an owner and prints its keys, this once."""

    help = "Create a tenant with an owner; prints its slug and its two keys, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--currency", required=True, help="ISO 4217, such as GBP")
        parser.add_argument("--timezone", required=True, help="IANA, such as Europe/London")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-password", required=True)
        parser.add_argument("--slug", default="", help="default: made from the name")
        parser.add_argument("--country", default="", help="ISO 3166-1 alpha-2")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        names = TenantData.__dataclass_fields__.keys() & options.keys()
        try:
            made = create_tenant(TenantData(**{name: options[name] for name in names}))
        except DomainError as exc:
            raise CommandError(exc.detail) from exc
        figures = {
            "tenant_id": str(made.tenant.pk),
            "slug": made.tenant.slug,
            "secret_key": made.secret_key,
            "write_key": made.write_key,
        }
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, value in figures.items():
            self.stdout.write(f"{name}: {value}")
