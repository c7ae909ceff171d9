"""Addresses that recipients and their mail programs call."""

from django.urls import path

from messaging import views

urlpatterns = [
    path("u/<str:token>", views.unsubscribe_page, name="unsubscribe"),
    path("p/<str:token>", views.preferences_page, name="preferences"),
    path("o/<str:token>.gif", views.open_pixel, name="open_pixel"),
    path("c/<str:token>", views.follow_link, name="follow_link"),
]
