from importlib import import_module

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Register the system checks."""
        for module in ("settings_checks", "server_checks"):
            import_module(f"config.checks.{module}")
