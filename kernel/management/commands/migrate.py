"""`migrate`, run as the owner of the tables."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.utils.module_loading import import_string

from kernel.postgres.keys import renew_keys
from kernel.postgres.quick_states import only_referrers_reloaded


class Command(migrate.Command):
    """Migrates through the ``owner`` alias unless another is named, then renews keys.

    When all apps were migrated, ``settings.AFTER_MIGRATE`` renews what a release brings in rows.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        with only_referrers_reloaded():
            super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"]):
            renew_keys(connections[options["database"]])
            if not options["app_label"]:
                import_string(settings.AFTER_MIGRATE)()
