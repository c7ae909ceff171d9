from rest_framework.routers import SimpleRouter

from stores.api.views import InboxViewSet, SyncRunViewSet

router = SimpleRouter()
router.register("inbox", InboxViewSet, "api-inbox")
router.register("sync-runs", SyncRunViewSet, "api-sync-runs")

urlpatterns = router.urls
