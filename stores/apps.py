from django.apps import AppConfig


class StoresConfig(AppConfig):
    name = "stores"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from stores.services import erasure, redemptions  # noqa: PLC0415

        erasure.register()
        redemptions.register()
