from django.urls import path

from tenants.views import keys, members, settings

app_name = "tenants"

urlpatterns = [
    path("settings/", settings.settings, name="settings"),
    path("settings/general/", settings.general, name="general"),
    path("settings/keys/", keys.api_keys, name="api_keys"),
    path("settings/keys/<int:key_id>/revoke/", keys.revoke_api_key, name="revoke_api_key"),
    path("settings/members/", members.members, name="members"),
]
