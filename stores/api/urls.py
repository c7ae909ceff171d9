from rest_framework.routers import SimpleRouter

from stores.api.views import InboxViewSet

router = SimpleRouter()
router.register("inbox", InboxViewSet, "api-inbox")

urlpatterns = router.urls
