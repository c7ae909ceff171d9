from django.urls import path

from tenants import views

app_name = "tenants"

urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/keys/", views.api_keys, name="api_keys"),
    path("settings/keys/<int:key_id>/revoke/", views.revoke_api_key, name="revoke_api_key"),
    path("settings/members/", views.members, name="members"),
]
