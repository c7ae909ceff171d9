"""`load_demo`: two demo tenants with a year of history."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.demo import is_loaded, load_demo

STEPS = 10
"""Lines of progress where the output is no terminal."""


class Command(BaseCommand):
    """Loads the demo tenants; their log-in goes to ``demo.json`` in the data folder."""

    help = "Create two demo tenants with a year of history"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when they exist")

    def handle(self, *args: Any, **options: Any) -> None:
        log_in_file = Path(settings.DATA_DIR) / "demo.json"
        if is_loaded(log_in_file):
            if options["if_empty"]:
                return
            raise CommandError("The demo tenants exist already")
        load_demo(log_in_file, self._progress)

    def _progress(self, name: str, done: int, total: int) -> None:
        if self.stdout.isatty():
            self.stdout.write(
                f"\r{name}: {done} of {total} days", ending="\n" if done == total else ""
            )
            self.stdout.flush()
        elif done * STEPS // total != (done - 1) * STEPS // total:
            self.stdout.write(f"{name}: {done} of {total} days")
            self.stdout.flush()
