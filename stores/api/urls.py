from rest_framework.routers import SimpleRouter

from stores.api.coupons import CouponViewSet
from stores.api.views import InboxViewSet, SyncRunViewSet
from stores.api.webhooks import WebhookViewSet

router = SimpleRouter()
router.register("inbox", InboxViewSet, "api-inbox")
router.register("sync-runs", SyncRunViewSet, "api-sync-runs")
router.register("coupons", CouponViewSet, "api-coupons")
router.register("webhooks", WebhookViewSet, "api-webhooks")

urlpatterns = router.urls
