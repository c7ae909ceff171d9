"""Addresses that storefronts, sites and apps call; `config/wsgi.py` answers before Django does."""

from django.urls import path

from kernel.edges import as_view
from stores.views.edge import receive_webhook
from stores.views.script import serve_script
from stores.views.tracking import receive_tracking

urlpatterns = [
    path("webhooks/<str:platform>/<str:token>/", as_view(receive_webhook), name="receive_webhook"),
    path("v1/<path:call>", as_view(receive_tracking), name="receive_tracking"),
    path("patron.js", as_view(serve_script), name="script"),
]
