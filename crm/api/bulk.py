"""Bulk calls: up to 1,000 items, each judged alone, the good ones applied in one transaction."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from crm.choices import EventSource
from crm.services.api_store import resolve_store
from crm.services.ingest import apply_records
from crm.types import Record
from kernel import clock
from kernel.errors import DomainError
from tenants.api.parsers import BulkJSONParser, refuse_unstorable
from tenants.api.problems import flatten

MAX_ITEMS = 1000
bulk_action = action(
    detail=False,
    methods=["post"],
    filter_backends=[],
    pagination_class=None,
    parser_classes=[BulkJSONParser],
)
"""Marks a method of a resource as a bulk call."""


def bulk_body(shape: type[serializers.Serializer[Any]]) -> Any:
    """Return what the schema says of the body of a bulk call."""
    return inline_serializer(
        f"Bulk{shape.__name__}",
        {
            "items": shape(many=True),
            "store_id": serializers.CharField(required=False, help_text="Default: the store API."),
            "backfill": serializers.BooleanField(
                required=False, help_text="History: recorded, but starts no flow."
            ),
        },
    )


def apply_bulk(
    request: Request,
    shape: type[serializers.Serializer[Any]],
    build: Callable[[dict[str, Any]], Record],
) -> dict[str, Any]:
    """Apply the body's ``items`` and say of each what became of it.

    Args:
        request: body ``{"items": [...], "store_id": "…", "backfill": false}``.
        shape: what one item must look like.
        build: from a valid item to its record; may raise a domain error.

    Raises:
        ValidationError: the body is no list of 1 to 1,000 items.
        NotFound: the store is not the tenant's.
    """
    body = _read_body(request)
    store_id = resolve_store(body.get("store_id"))
    results: list[dict[str, Any] | None] = []
    records: list[Record] = []
    for item in body["items"]:
        try:
            records.append(build(_read(item, shape)))
            results.append(None)
        except (ValidationError, DomainError) as exc:
            results.append(_rejected(exc))
    is_backfill = body.get("backfill") is True
    outcomes = iter(apply_from_api(store_id, records, is_backfill=is_backfill))
    return {"results": [result or next(outcomes) for result in results]}


def apply_from_api(
    store_id: int, records: Sequence[Record], *, is_backfill: bool = False
) -> list[dict[str, Any]]:
    """Apply records in one transaction and return per record what became of it."""
    if not records:
        return []
    with transaction.atomic():
        applied = apply_records(
            store_id, records, source=EventSource.API, is_backfill=is_backfill, now=clock.now()
        )
    return [_outcome(text) for text in applied.outcomes]


def _read_body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = request.data if isinstance(request.data, dict) else {}
    items = body.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        raise ValidationError({"items": f"A list of 1 to {MAX_ITEMS} items."})
    return {**body, "items": items}


def _read(item: Any, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    refuse_unstorable(item)
    body = shape(data=item)
    body.is_valid(raise_exception=True)
    data: dict[str, Any] = body.validated_data
    return data


def _rejected(exc: ValidationError | DomainError) -> dict[str, Any]:
    if isinstance(exc, DomainError):
        return {"status": "rejected", "detail": exc.detail, "fields": exc.fields}
    fields = flatten(exc.detail)
    detail = " ".join(f"{name}: {text}" for name, text in fields.items())
    return {"status": "rejected", "detail": detail, "fields": fields}


def _outcome(text: str) -> dict[str, Any]:
    word, _, reason = text.partition(":")
    return {"status": word, "detail": reason.strip(), "fields": {}}
