"""Keyset pagination: a page starts behind the last row of the one before; inserts shift nothing."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

if TYPE_CHECKING:  # the framework reads this module while it loads its views
    from rest_framework.views import APIView

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class KeysetPagination(BasePagination):
    """``?limit=`` rows after ``?cursor=``, by the view's ``ordering`` (default: newest id first).

    ``ordering`` names columns that are never NULL; the last one is unique. All descend, or all
    ascend.
    """

    def paginate_queryset(  # type: ignore[override] # lists of the API are query sets
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None" = None
    ) -> list[Any]:
        ordering = _ordering(view)
        limit = _read_limit(request)
        columns = [name.removeprefix("-") for name in ordering]
        if cursor := request.query_params.get("cursor"):
            queryset = queryset.filter(_after(ordering, _decode(cursor, columns)))
        rows = list(queryset.order_by(*ordering)[: limit + 1])
        self._next = None
        if len(rows) > limit:
            rows.pop()
            cursor = _encode([_value(rows[-1], name) for name in columns])
            url = remove_query_param(request.build_absolute_uri(), "cursor")
            self._next = replace_query_param(url, "cursor", cursor)
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {"type": ["string", "null"], "format": "uri"},
            },
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        return [
            {
                "name": "limit",
                "in": "query",
                "description": "Rows of one page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_LIMIT,
                    "default": DEFAULT_LIMIT,
                },
            },
            {
                "name": "cursor",
                "in": "query",
                "description": "Where the page starts; taken from `next`.",
                "schema": {"type": "string"},
            },
        ]


def _ordering(view: "APIView | None") -> Sequence[str]:
    ordering: Sequence[str] = getattr(view, "ordering", ("-id",))
    return ordering


def _read_limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise ValidationError({"limit": f"A whole number from 1 to {MAX_LIMIT}."})
    return int(text)


def _value(row: Any, name: str) -> Any:
    value = row.get(name) if isinstance(row, dict) else getattr(row, name)
    return value.pk if isinstance(value, Model) else value


def _encode(values: list[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode(cursor: str, columns: Sequence[str]) -> list[Any]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        pairs = zip(columns, list(json.loads(text)), strict=True)
        return [_read(name, value) for name, value in pairs]
    except (binascii.Error, ValueError, TypeError) as exc:
        raise ValidationError({"cursor": "Take the cursor from `next`, unchanged."}) from exc


def _read(name: str, value: Any) -> Any:
    """Return a value of its column's type: the caller may have changed the cursor."""
    if name.endswith("_at"):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def _after(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows behind ``values``; the first column bounds the index."""
    word = "lt" if ordering[0].startswith("-") else "gt"
    columns = [name.removeprefix("-") for name in ordering]
    if len(columns) == 1:
        return Q(**{f"{columns[0]}__{word}": values[0]})
    either = Q()
    for place, name in enumerate(columns):
        equal = dict(zip(columns[:place], values[:place], strict=True))
        either |= Q(**equal, **{f"{name}__{word}": values[place]})
    return Q(**{f"{columns[0]}__{word}e": values[0]}) & either
