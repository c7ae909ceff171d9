from django.urls import path

from stores.views import (
    auditing,
    connect,
    install,
    pages,
    pulling,
    replaying,
    settings,
    tools,
    webhooks,
    writing,
)

app_name = "stores"

urlpatterns = [
    path("stores/", pages.store_list, name="list"),
    path("stores/connect/", connect.connect, name="connect"),
    path("settings/tracking/", install.install, name="install"),
    path("settings/tracking/seen/", install.seen, name="install_seen"),
    path("settings/tracking/key/", install.make_key, name="install_key"),
    path("settings/webhooks/", webhooks.webhook_list, name="webhooks"),
    path("settings/webhooks/new/", webhooks.new_webhook, name="new_webhook"),
    path("settings/webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("settings/webhooks/<int:webhook_id>/edit/", webhooks.edit_webhook, name="edit_webhook"),
    path("settings/webhooks/<int:webhook_id>/rotate/", webhooks.rotate, name="rotate_webhook"),
    path("settings/webhooks/<int:webhook_id>/test/", webhooks.test_webhook, name="test_webhook"),
    path(
        "settings/webhooks/<int:webhook_id>/remove/",
        webhooks.remove_webhook,
        name="remove_webhook",
    ),
    path(
        "settings/webhooks/deliveries/<int:outgoing_id>/",
        webhooks.webhook_delivery,
        name="webhook_delivery",
    ),
    path(
        "settings/webhooks/deliveries/<int:outgoing_id>/replay/",
        webhooks.replay_webhook,
        name="replay_webhook",
    ),
    path("stores/connect-tool/", tools.connect_tool, name="connect_tool"),
    path("stores/<int:store_id>/", pages.store_detail, name="detail"),
    path("stores/<int:store_id>/settings/", settings.store_settings, name="settings"),
    path("stores/<int:store_id>/secret/", settings.change_secret, name="change_secret"),
    path("stores/<int:store_id>/disconnect/", settings.disconnect, name="disconnect"),
    path("stores/<int:store_id>/reconnect/", settings.reconnect, name="reconnect"),
    path("stores/<int:store_id>/writing/", writing.overview, name="writing"),
    path("stores/<int:store_id>/writing/change/", writing.change, name="change_writing"),
    path("stores/<int:store_id>/writing/retry/", writing.retry, name="retry_writing"),
    path("stores/<int:store_id>/days/", auditing.days, name="days"),
    path("stores/<int:store_id>/days/check/", auditing.check, name="check_days"),
    path("stores/<int:store_id>/pull/", pulling.pull_state, name="pull"),
    path("stores/<int:store_id>/pull/start/", pulling.start_pull, name="start_pull"),
    path(
        "stores/<int:store_id>/credentials/", pulling.change_credentials, name="change_credentials"
    ),
    path(
        "stores/<int:store_id>/credentials/test/", pulling.test_credentials, name="test_credentials"
    ),
    path(
        "stores/<int:store_id>/webhooks/register/",
        pulling.register_webhooks,
        name="register_webhooks",
    ),
    path("stores/<int:store_id>/replay/", replaying.replay_store, name="replay_store"),
    path("stores/deliveries/<int:delivery_id>/replay/", replaying.replay_delivery, name="replay"),
    path("stores/<int:store_id>/retry/", pages.retry_store, name="retry_store"),
    path("orders/<int:order_id>/deliveries/", pages.order_deliveries, name="order"),
    path("stores/deliveries/<int:delivery_id>/", pages.delivery_detail, name="delivery"),
    path("stores/deliveries/<int:delivery_id>/retry/", pages.retry_delivery, name="retry"),
]
