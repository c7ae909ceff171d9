"""Every address of Patron. The tenant's slug is in each page address, never in the session."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from config import health

PAGES = (
    "tenants",
    "analytics",
    "crm",
    "segments",
    "messaging",
    "loyalty",
    "flows",
    "stores",
    "imports",
)
PUBLIC = ("tenants", "messaging", "flows", "stores")

handler403 = "tenants.views.refusals.refuse"
handler429 = "tenants.views.refusals.too_many"
handler500 = "config.faults.answer_fault"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("accounts/", include("tenants.account_urls")),
    path("accounts/", include("allauth.urls")),
]
urlpatterns += [
    path("", include(f"{app}.public_urls")) for app in PUBLIC if find_spec(f"{app}.public_urls")
]
urlpatterns += [
    path("t/<slug:slug>/", include(f"{app}.urls")) for app in PAGES if find_spec(f"{app}.urls")
]
urlpatterns.append(path("t/<slug:slug>/", include("config.palette")))
if all(
    find_spec(f"{app}.api.urls")
    for app in ("crm", "stores", "segments", "loyalty", "flows", "analytics")
):
    urlpatterns.append(path("api/v1/", include("config.api.urls")))
if settings.EMBEDDED:
    urlpatterns.append(path("mailbox/", include("kernel.embedded.urls")))
