import gc
from importlib import import_module

from django.apps import AppConfig

GC_THRESHOLDS = (50_000, 20, 100)
"""A batch makes some ten thousand rows that all live until its end. By Python's own thresholds the
garbage collector looks through them again and again, for a quarter of the time of a batch."""


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Register the system checks; have the garbage collector run seldom.

        It never looks at what the start has loaded.
        """
        for module in ("settings_checks", "server_checks"):
            import_module(f"config.checks.{module}")
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
