"""`/api/v1/carts/`."""

from crm.api.shapes import CartOut
from crm.models import Cart
from tenants.api import filters
from tenants.api.resources import ReadResource


class CartViewSet(ReadResource[Cart]):
    """Carts of known shoppers, newest first; the newest one of a profile may still be open."""

    scope_resource = "carts"
    serializer_class = CartOut
    queryset = Cart.objects.all()
    filters = {
        "profile_id": filters.number("profile_id"),
        "order_id": filters.number("order_id"),
    }
