from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "loyalty"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from loyalty.services import importing, merging, registration  # noqa: PLC0415

        importing.register()
        merging.register()
        registration.register()
