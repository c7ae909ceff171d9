"""`rotate_keys`: brings every stored secret under the newest encryption key."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kernel.rotation import SecretCounts, rotate_secrets
from kernel.tenancy import tenant_scope
from tenants.models import Tenant


class Command(BaseCommand):
    """Encrypts anew what older keys made; may be stopped and repeated at any time."""

    help = "Encrypt stored secrets anew with the first key of PATRON_ENCRYPTION_KEYS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        if not settings.ENCRYPTION_KEYS:
            raise CommandError("PATRON_ENCRYPTION_KEYS is empty: put the new key in front.")
        counts = SecretCounts()
        rotate_secrets(counts, tenant_tables=False)
        tenant_ids = list(Tenant.objects.order_by("pk").values_list("pk", flat=True))
        for done, tenant_id in enumerate(tenant_ids, start=1):
            with tenant_scope(tenant_id):
                rotate_secrets(counts, tenant_tables=True)
            if self.stdout.isatty():
                self.stdout.write(f"\r{done} of {len(tenant_ids)} tenants", ending="")
        if self.stdout.isatty():
            self.stdout.write("")
        self._conclude(counts, as_json=options["json"])

    def _conclude(self, counts: SecretCounts, *, as_json: bool) -> None:
        old_keys = len(settings.ENCRYPTION_KEYS) - 1
        can_drop = not counts.unreadable
        if as_json:
            figures = {
                "rotated": counts.rotated,
                "already_current": counts.current,
                "unreadable": counts.unreadable,
                "old_keys": old_keys,
                "old_keys_can_be_dropped": can_drop,
            }
            self.stdout.write(json.dumps(figures))
        else:
            self.stdout.write(
                f"{counts.rotated} secrets encrypted anew, {counts.current} had the newest key."
            )
            self.stdout.write(_advice(counts.unreadable, old_keys))
        if counts.unreadable:
            raise SystemExit(1)


def _advice(unreadable: int, old_keys: int) -> str:
    if unreadable:
        return (
            f"No key opens {unreadable} secrets. Keep every key, and add the one they were made "
            "with at the end of PATRON_ENCRYPTION_KEYS."
        )
    if old_keys:
        return (
            f"The {old_keys} older keys can be taken out of PATRON_ENCRYPTION_KEYS, once every "
            "process was started anew with the new list and no backup needs them."
        )
    return "There is one key and everything is under it."
