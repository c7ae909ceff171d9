"""`/api/v1/orders/`."""

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.bodies import OrderIn, build_order
from crm.api.bulk import apply_bulk, bulk_action, bulk_body
from crm.api.shapes import BulkResult, OrderOut
from crm.choices import OrderChannel, PaymentMethod
from crm.models import Order, OrderLine
from tenants.api import filters
from tenants.api.resources import ReadResource


class OrderViewSet(ReadResource[Order]):
    """Orders with their lines and refunds, newest first."""

    scope_resource = "orders"
    serializer_class = OrderOut
    ordering = ("-ordered_at", "-id")
    filters = {
        "store_id": filters.number("store_id"),
        "profile_id": filters.number("profile_id"),
        "external_id": filters.text("external_id"),
        "number": filters.text("number"),
        "currency": filters.text("currency"),
        "financial_status": filters.text("financial_status"),
        "channel": filters.choice("channel", OrderChannel),
        "payment_method": filters.choice("payment_method", PaymentMethod),
        "is_counted": filters.flag("is_counted"),
        "ordered_at": filters.time("ordered_at"),
        "created_at": filters.time("created_at"),
        "updated_at": filters.time("updated_at"),
    }

    def get_queryset(self) -> QuerySet[Order]:
        lines = OrderLine.objects.order_by("position", "pk")
        return Order.objects.prefetch_related(Prefetch("lines", lines), "refunds")

    @extend_schema(request=bulk_body(OrderIn), responses=BulkResult)
    @bulk_action
    def bulk(self, request: Request) -> Response:
        """Create or update up to 1,000 orders; each is judged alone."""
        return Response(apply_bulk(request, OrderIn, build_order))
