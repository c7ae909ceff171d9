"""`/api/v1/products/`."""

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.bodies import ProductIn, StockIn, build_product, build_stock
from crm.api.bulk import apply_bulk, bulk_action, bulk_body
from crm.api.shapes import BulkResult, ProductOut
from crm.choices import ProductFlag, StockState
from crm.models import Product, Variant
from tenants.api import filters
from tenants.api.resources import ReadResource


class ProductViewSet(ReadResource[Product]):
    """Products of every store with their variants, newest first."""

    scope_resource = "products"
    serializer_class = ProductOut
    queryset = Product.objects.prefetch_related("variants")
    filters = {
        "store_id": filters.number("store_id"),
        "external_id": filters.text("external_id"),
        "category": filters.text("category"),
        "status": filters.text("status"),
        "stock_state": filters.choice("stock_state", StockState),
        "flag": filters.choice(lambda flag: Q(flags__contains=[flag]), ProductFlag),
        "sku": filters.text(lambda sku: Q(pk__in=_with_sku(sku)), "A SKU, exactly."),
        "created_at": filters.time("created_at"),
        "updated_at": filters.time("updated_at"),
    }

    @extend_schema(request=bulk_body(ProductIn), responses=BulkResult)
    @bulk_action
    def bulk(self, request: Request) -> Response:
        """Create or update up to 1,000 products; each is judged alone."""
        return Response(apply_bulk(request, ProductIn, build_product))

    @extend_schema(request=bulk_body(StockIn), responses=BulkResult)
    @bulk_action
    def stock(self, request: Request) -> Response:
        """Tell what is left of up to 1,000 variants; one that is not known is rejected."""
        return Response(apply_bulk(request, StockIn, build_stock))


def _with_sku(sku: str) -> QuerySet[Variant, int]:
    return Variant.objects.filter(sku=sku).values_list("product_id", flat=True)
