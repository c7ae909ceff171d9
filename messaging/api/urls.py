from rest_framework.routers import SimpleRouter

from messaging.api.assets import AssetViewSet
from messaging.api.channels import ChannelViewSet
from messaging.api.consents import ConsentViewSet
from messaging.api.coupon_offers import CouponOfferViewSet
from messaging.api.senders import SenderViewSet
from messaging.api.templates import TemplateViewSet
from messaging.api.views import ProfileMessagesViewSet

router = SimpleRouter()
router.register(
    r"profiles/(?P<profile_id>[0-9]{1,18})/messages",
    ProfileMessagesViewSet,
    "api-profiles-messages",
)
router.register("assets", AssetViewSet, "api-assets")
router.register("channels", ChannelViewSet, "api-channels")
router.register("consents", ConsentViewSet, "api-consents")
router.register("coupons/offers", CouponOfferViewSet, "api-coupons-offers")
router.register("templates", TemplateViewSet, "api-templates")
router.register("senders", SenderViewSet, "api-senders")

urlpatterns = router.urls
