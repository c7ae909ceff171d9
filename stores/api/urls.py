from rest_framework.routers import SimpleRouter

from stores.api.views import InboxViewSet, StoreViewSet

router = SimpleRouter()
router.register("stores", StoreViewSet, "api-stores")
router.register("inbox", InboxViewSet, "api-inbox")

urlpatterns = router.urls
