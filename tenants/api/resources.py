"""What the resources of the REST API have in common, whichever app they belong to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import money
from tenants.api.filters import PAGE_PARAMETERS, Filter, ResourceFilter, refuse_unknown

M = TypeVar("M", bound=Model)
SINGLE = frozenset({"retrieve", "create", "destroy"})
"""Actions that read no query parameter; a list checks its own."""
ID_PATTERN = "[0-9]{1,18}"


class Resource(viewsets.GenericViewSet[M]):
    """A resource of the caller's tenant.

    Attributes:
        scope_resource: the word in the scopes of a key.
        filters: parameters of the list.
        ordering: columns of the keyset.
    """

    scope_resource: ClassVar[str]
    filters: ClassVar[Mapping[str, Filter]] = {}
    ordering: Sequence[str] = ("-id",)
    filter_backends = [ResourceFilter]
    lookup_value_regex = ID_PATTERN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action in SINGLE or self.pagination_class is None:
            refuse_unknown(request, {"format"})

    def get_serializer_context(self) -> dict[str, Any]:
        tenant = getattr(self.request, "tenant", None)
        currency = "" if tenant is None else tenant.currency
        return {**super().get_serializer_context(), "currency": currency}

    def page(
        self, rows: QuerySet[Any], shape: type[serializers.BaseSerializer[Any]], *ordering: str
    ) -> Response:
        """Answer with one page of a list below a resource, newest first unless ``ordering``."""

        def build(found: list[Any]) -> Any:
            return shape(found, many=True, context=self.get_serializer_context()).data

        return self.page_of(rows, build, *ordering)

    def page_of(
        self, rows: QuerySet[Any], build: Callable[[list[Any]], Any], *ordering: str
    ) -> Response:
        """Answer with one page whose rows ``build`` turns into what is shown, in one go."""
        refuse_unknown(self.request, set(PAGE_PARAMETERS))
        self.ordering = ordering or ("-id",)
        return self.get_paginated_response(build(list(self.paginate_queryset(rows) or ())))


class ReadResource(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource[M]):
    """A resource that is listed and read."""


@extend_schema_field({"type": ["string", "null"], "examples": ["12.50"]})
class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """Minor units of a row as the decimal string of the API.

    The currency is the row's own, or the tenant's for figures that are kept in it.
    """

    def __init__(self, column: str, *, in_tenants: bool = False, **kwargs: Any) -> None:
        super().__init__(source="*", read_only=True, **kwargs)
        self._column = column
        self._in_tenants = in_tenants

    def to_representation(self, value: Any) -> str | None:
        minor: int | None = getattr(value, self._column)
        currency = self.context["currency"] if self._in_tenants else value.currency
        return money.to_text(minor, currency)


@extend_schema_field({"type": "string", "examples": ["4711"]})
class IdField(serializers.Field[Any, Any, Any, Any]):
    """An id, which is a string outside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str | None:
        return None if value is None else str(value)
