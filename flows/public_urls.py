"""Addresses that browsers of a shop's visitors call."""

from django.urls import path

from flows.views import access

urlpatterns = [
    path("v1/early-access/<str:shown>", access.check_access, name="check_access"),
]
