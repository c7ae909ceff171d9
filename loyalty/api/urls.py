from django.urls import path
from rest_framework.routers import SimpleRouter

from loyalty.api.openings import OpeningViewSet
from loyalty.api.program import ProgramViewSet
from loyalty.api.views import AccountViewSet, EntryViewSet

router = SimpleRouter()
router.register("loyalty/accounts", AccountViewSet, "api-loyalty-accounts")
router.register("loyalty/openings", OpeningViewSet, "api-loyalty-openings")
router.register("loyalty/entries", EntryViewSet, "api-loyalty-entries")

urlpatterns = [
    path("loyalty/program/", ProgramViewSet.as_view({"get": "show"}), name="api-loyalty-program"),
    *router.urls,
]
