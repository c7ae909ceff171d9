"""Addresses that storefronts call."""

from django.urls import path

from stores.views.edge import receive_webhook

urlpatterns = [
    path("webhooks/<str:platform>/<str:token>/", receive_webhook, name="receive_webhook"),
]
