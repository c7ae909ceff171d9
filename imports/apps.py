from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "imports"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from imports.services import journal, stopping  # noqa: PLC0415

        journal.register()
        stopping.register()
