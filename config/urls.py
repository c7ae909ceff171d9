"""Every address of Patron. The tenant's slug is in each page address, never in the session."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
]

if settings.EMBEDDED:
    urlpatterns.append(path("mailbox/", include("kernel.embedded.urls")))
