from django.urls import path
from rest_framework.routers import SimpleRouter

from segments.api.reports import RfmView
from segments.api.shops import SegmentShopEndView, SegmentShopsView
from segments.api.views import ProfileSegmentsView, SegmentViewSet

router = SimpleRouter()
router.register("segments", SegmentViewSet, "api-segments")

urlpatterns = [
    path(
        "profiles/<int:profile_id>/segments/",
        ProfileSegmentsView.as_view(),
        name="api-profiles-segments",
    ),
    path(
        "segments/<int:segment_id>/shops/",
        SegmentShopsView.as_view(),
        name="api-segments-shops",
    ),
    path(
        "segments/<int:segment_id>/shops/stop/",
        SegmentShopEndView.as_view(),
        name="api-segments-shops-stop",
    ),
    path("reports/rfm/", RfmView.as_view(), name="api-reports-rfm"),
    *router.urls,
]
