"""`connect_store`: a storefront and the address it posts to."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.choices import Platform
from crm.services.stores import StoreData
from kernel.errors import DomainError
from kernel.scope import tenant_scope
from stores.services.connections import connect_store
from tenants.queries import find_tenant


class Command(BaseCommand):
    """Connects a store and prints its webhook address."""

    help = "Connect a storefront of a tenant; prints the address its webhooks go to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="slug")
        parser.add_argument("--platform", required=True, choices=Platform.values)
        parser.add_argument("--name", required=True)
        parser.add_argument("--url", default="", help="address of the storefront")
        parser.add_argument("--secret", default="", help="signing secret; one is made without")
        parser.add_argument("--currency", default="", help="default: the tenant's")
        parser.add_argument("--timezone", default="", help="default: the tenant's")
        parser.add_argument(
            "--credential", action="append", default=[], metavar="KEY=VALUE", help="of its API"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        tenant = find_tenant(options["tenant"])
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        names = StoreData.__dataclass_fields__.keys() & options.keys()
        data = StoreData(**{name: options[name] for name in names})
        try:
            with tenant_scope(tenant.pk):
                made = connect_store(
                    data, secret=options["secret"], credentials=_pairs(options["credential"])
                )
        except DomainError as exc:
            raise CommandError(exc.detail) from exc
        figures = {"store_id": str(made.store_id), "webhook_url": made.webhook_url}
        if not options["secret"]:
            figures["secret"] = made.secret
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, value in figures.items():
            self.stdout.write(f"{name}: {value}")


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise CommandError(f"{text!r} is not KEY=VALUE.")
        pairs[name] = value
    return pairs
