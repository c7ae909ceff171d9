from django.urls import include, path, re_path

from config.api.docs import DocsView, SchemaView
from config.api.errors import UnknownAddress

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("docs/", DocsView.as_view(), name="api_docs"),
    path("", include("crm.api.urls")),
    path("", include("stores.api.urls")),
    path("", include("messaging.api.urls")),
    path("", include("segments.api.urls")),
    path("", include("loyalty.api.urls")),
    path("", include("flows.api.urls")),
    path("", include("analytics.api.urls")),
    re_path(r"^.*$", UnknownAddress.as_view(), name="api_unknown"),
]
