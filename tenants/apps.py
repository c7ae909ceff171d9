from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        # The receivers need the models, which are not loaded when this module is.
        from tenants import receivers  # noqa: F401, PLC0415
