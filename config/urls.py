"""Every address of Patron. The tenant's slug is in each page address, never in the session."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from config import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("", include("tenants.public_urls")),
    path("t/<slug:slug>/", include("tenants.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

if settings.EMBEDDED:
    urlpatterns.append(path("mailbox/", include("kernel.embedded.urls")))
