from django.urls import path

from messaging.views import panels

app_name = "messaging"

urlpatterns = [
    path("profiles/<int:profile_id>/messages/", panels.profile_messages, name="profile_messages"),
]
