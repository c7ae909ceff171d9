import gc
from importlib import import_module

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Register the system checks, and let the garbage collector pass over what is loaded."""
        for module in ("settings_checks", "server_checks"):
            import_module(f"config.checks.{module}")
        gc.freeze()
