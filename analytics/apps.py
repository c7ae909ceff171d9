from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from analytics.services import registration  # noqa: PLC0415

        registration.register()
