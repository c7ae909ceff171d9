"""Addresses that recipients and their mail programs call."""

from django.urls import path

from messaging.views import edges

urlpatterns = [
    path("u/<str:token>", edges.unsubscribe_page, name="unsubscribe"),
    path("p/<str:token>", edges.preferences_page, name="preferences"),
    path("o/<str:token>.gif", edges.open_pixel, name="open_pixel"),
    path("c/<str:token>", edges.follow_link, name="follow_link"),
]
