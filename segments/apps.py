from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    name = "segments"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from segments.services import goods, leaving, registration, shops  # noqa: PLC0415

        goods.register()
        leaving.register()
        registration.register()
        shops.register()
