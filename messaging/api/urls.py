from rest_framework.routers import SimpleRouter

from messaging.api.views import ProfileMessagesViewSet

router = SimpleRouter()
router.register(
    r"profiles/(?P<profile_id>[0-9]{1,18})/messages",
    ProfileMessagesViewSet,
    "api-profiles-messages",
)

urlpatterns = router.urls
