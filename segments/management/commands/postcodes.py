"""``postcodes``: take over a file that says where postcodes lie."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.errors import Invalid
from kernel.tenancy import tenant_scope
from segments.services.postcodes import upload_postcodes
from tenants.queries import find_tenant


class Command(BaseCommand):
    """Load a file of postcodes for a tenant."""

    help = (
        "Loads where postcodes lie from a file: CSV with a header (country, postcode, latitude,"
        " longitude) or the tab-separated layout of GeoNames."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--country", default="", metavar="GB", help="of lines that name none")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = find_tenant(options["tenant"])
        if tenant is None:
            raise CommandError(f"no tenant has the slug {options['tenant']!r}")
        country = options["country"].upper()
        try:
            with (
                options["file"].open(encoding="utf-8-sig", errors="replace") as lines,
                tenant_scope(tenant.pk),
            ):
                loaded = upload_postcodes(lines, country=country, actor="system")
        except OSError as exc:
            raise CommandError(f"{options['file']} cannot be read: {exc.strerror}") from exc
        except Invalid as exc:
            raise CommandError(exc.detail) from exc
        self.stdout.write(f"{loaded.read} postcodes of {', '.join(sorted(loaded.countries))}")
        for flaw in loaded.flaws:
            self.stderr.write(f"line {flaw.line}: {flaw.reason}")
