from rest_framework.routers import SimpleRouter

from flows.api.access import AccessListViewSet
from flows.api.campaigns import CampaignViewSet
from flows.api.tasks import TaskViewSet
from flows.api.views import FlowViewSet

router = SimpleRouter()
router.register("campaigns", CampaignViewSet, "api-campaigns")
router.register("early-access", AccessListViewSet, "api-early-access")
router.register("flows", FlowViewSet, "api-flows")
router.register("tasks", TaskViewSet, "api-tasks")

urlpatterns = router.urls
