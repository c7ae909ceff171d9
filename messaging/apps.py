from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from messaging.services.registration import register  # noqa: PLC0415

        register()
