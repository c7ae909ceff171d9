from django.urls import path

from messaging.views import pages, panels

app_name = "messaging"

urlpatterns = [
    path("messages/", pages.message_list, name="list"),
    path("messages/<int:message_id>/", pages.message_detail, name="detail"),
    path("messages/<int:message_id>/body/", pages.message_body, name="body"),
    path("messages/<int:message_id>/retry/", pages.retry_message, name="retry"),
    path("profiles/<int:profile_id>/messages/", panels.profile_messages, name="profile_messages"),
]
