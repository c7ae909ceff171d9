"""`restore`: puts a backup back, all of it or nothing."""

import json
import os
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.backup.archive import BackupError, open_archive
from config.backup.asking import VARIABLE, get_passphrase, show
from config.backup.restore import Restored, Wishes, restore_backup


class Command(BaseCommand):
    """Fills an empty installation from a backup; nothing else may be using the database."""

    help = "Put a backup back into an empty installation."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="made by `backup`")
        parser.add_argument("--force", action="store_true", help="replace what is there")
        parser.add_argument("--passphrase-file", default="", metavar="FILE")
        parser.add_argument(
            "--keys-to", default="", metavar="FILE", help="environment file for the keys inside"
        )
        parser.add_argument(
            "--without-keys",
            action="store_true",
            help="although stored secrets of stores cannot be read then",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        path = Path(options["file"]).expanduser()
        try:
            wishes = Wishes(
                passphrase=_passphrase(path, options),
                keys_to=Path(options["keys_to"]).expanduser() if options["keys_to"] else None,
                replace=options["force"],
                without_keys=options["without_keys"],
            )
            restored = restore_backup(path, show, wishes)
        except BackupError as exc:
            raise CommandError(f"The restore ended: {exc}") from exc
        self._conclude(restored, as_json=options["json"])

    def _conclude(self, restored: Restored, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(restored)))
            return
        self.stdout.write(
            f"The state of {restored.made_at} is back: {restored.rows} rows of "
            f"{restored.tables} tables, {restored.media_files} media files."
        )
        if restored.keys:
            self.stdout.write(f"The keys are in {restored.keys}.")
        if not restored.has_same_signing_key:
            self.stdout.write(
                "SECRET_KEY is another one: people log in anew, and links in mails sent before "
                "work only with the old key in SECRET_KEY_FALLBACKS."
            )


def _passphrase(path: Path, options: dict[str, Any]) -> str:
    """Ask only where the keys of the backup are needed or somebody brought its passphrase."""
    with open_archive(path) as reader:
        manifest = reader.manifest
    is_brought = bool(options["passphrase_file"] or os.environ.get(VARIABLE))
    is_needed = manifest.missing_keys(settings.ENCRYPTION_KEYS) and not options["without_keys"]
    if manifest.has_secrets and (is_brought or is_needed):
        return get_passphrase(options["passphrase_file"], twice=False)
    return ""
