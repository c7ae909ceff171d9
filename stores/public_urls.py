"""Addresses that storefronts call. `config/wsgi.py` answers them before Django looks here."""

from django.urls import path

from kernel.edges import as_view
from stores.views.edge import receive_webhook

urlpatterns = [
    path("webhooks/<str:platform>/<str:token>/", as_view(receive_webhook), name="receive_webhook"),
]
