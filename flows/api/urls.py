from rest_framework.routers import SimpleRouter

from flows.api.views import FlowViewSet

router = SimpleRouter()
router.register("flows", FlowViewSet, "api-flows")

urlpatterns = router.urls
