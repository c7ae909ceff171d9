from django.apps import AppConfig


class FlowsConfig(AppConfig):
    name = "flows"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from flows.services.registration import register  # noqa: PLC0415

        register()
