from django.apps import AppConfig


class FlowsConfig(AppConfig):
    name = "flows"

    def ready(self) -> None:
        # Services need the models, which are not loaded when this module is.
        from flows.services import gating  # noqa: PLC0415
        from messaging.gates import fill_gate  # noqa: PLC0415

        fill_gate("exit_condition", gating.ask_exit_condition)
        fill_gate("flow_filter", gating.ask_flow_filter)
