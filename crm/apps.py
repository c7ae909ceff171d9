from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from crm.services.registration import register  # noqa: PLC0415

        register()
