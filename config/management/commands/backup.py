"""`backup`: database, media and what is needed to put them back, in one file."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.backup.archive import BackupError
from config.backup.asking import get_passphrase, show
from config.backup.make import Made, default_name, make_backup, remove_older

KEYS_INSIDE = "The keys are inside, under your passphrase."
KEYS_OUTSIDE = (
    "The keys are not inside: keep SECRET_KEY and PATRON_ENCRYPTION_KEYS elsewhere, "
    "or use --with-secrets."
)


class Command(BaseCommand):
    """Makes a backup while everything runs; the file appears when it is complete."""

    help = "Write database and media into one file, while everything runs."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default="", metavar="FILE", help="a file, or a folder")
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help="remove all but the newest N there"
        )
        parser.add_argument(
            "--with-secrets", action="store_true", help="the keys too, under a passphrase"
        )
        parser.add_argument("--passphrase-file", default="", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, **options: Any) -> None:
        target = _target(options["to"])
        try:
            passphrase = ""
            if options["with_secrets"]:
                passphrase = get_passphrase(options["passphrase_file"], twice=True)
            made = make_backup(target, show, passphrase=passphrase)
            removed = remove_older(target.parent, options["keep"])
        except BackupError as exc:
            raise CommandError(f"No backup was made: {exc}") from exc
        self._conclude(made, len(removed), as_json=options["json"])

    def _conclude(self, made: Made, removed: int, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(
                json.dumps({**asdict(made), "file": str(made.file), "removed": removed})
            )
            return
        self.stdout.write(
            f"{made.file}: {made.bytes / 1_000_000:.1f} MB, {made.rows} rows of {made.tables} "
            f"tables, {made.media_files} media files."
        )
        self.stdout.write(KEYS_INSIDE if made.has_keys else KEYS_OUTSIDE)
        if removed:
            self.stdout.write(f"{removed} older backups were removed.")


def _target(named: str) -> Path:
    """Return the file: a folder that is named, or ours, gets one named after the time."""
    folder = Path(settings.DATA_DIR) / "backups"
    if not named:
        return folder / default_name()
    path = Path(named).expanduser()
    return path / default_name() if path.is_dir() else path
