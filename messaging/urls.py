from django.urls import path

from messaging.views import brand, pages, panels

app_name = "messaging"

urlpatterns = [
    path("settings/brand/", brand.brand, name="brand"),
    path("settings/brand/preview/", brand.preview, name="brand_preview"),
    path("settings/brand/contrast/", brand.contrast_note, name="brand_contrast"),
    path("settings/brand/logo/remove/", brand.remove_logo, name="remove_logo"),
    path("messages/", pages.message_list, name="list"),
    path("messages/<int:message_id>/", pages.message_detail, name="detail"),
    path("messages/<int:message_id>/body/", pages.message_body, name="body"),
    path("messages/<int:message_id>/retry/", pages.retry_message, name="retry"),
    path("profiles/<int:profile_id>/messages/", panels.profile_messages, name="profile_messages"),
]
