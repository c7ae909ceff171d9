from rest_framework.routers import SimpleRouter

from crm.api.care import ReturnViewSet, ReviewViewSet, ShipmentViewSet, TicketViewSet
from crm.api.carts import CartViewSet
from crm.api.catalog import ProductViewSet
from crm.api.events import EventViewSet
from crm.api.orders import OrderViewSet
from crm.api.profiles import ProfileViewSet
from crm.api.questions import QuestionViewSet
from crm.api.stores import StoreViewSet
from crm.api.suppressions import SuppressionViewSet

router = SimpleRouter()
router.register("profiles", ProfileViewSet, "api-profiles")
router.register("orders", OrderViewSet, "api-orders")
router.register("carts", CartViewSet, "api-carts")
router.register("products", ProductViewSet, "api-products")
router.register("stores", StoreViewSet, "api-stores")
router.register("events", EventViewSet, "api-events")
router.register("shipments", ShipmentViewSet, "api-shipments")
router.register("returns", ReturnViewSet, "api-returns")
router.register("reviews", ReviewViewSet, "api-reviews")
router.register("questions", QuestionViewSet, "api-questions")
router.register("tickets", TicketViewSet, "api-tickets")
router.register("suppressions", SuppressionViewSet, "api-suppressions")

urlpatterns = router.urls
