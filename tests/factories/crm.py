"""Stores and canonical records with valid, dull values."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from crm.models import ProductQuestion, Store
from crm.services.ingest import apply_records
from crm.types import ApplyResult, CustomerRecord, LineData, OrderRecord, Record, RefundRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_store(name: str = "Soap Shop", **fields: Any) -> Store:
    """Create a connected store of the active tenant."""
    defaults = {"platform": "shopify", "currency": "GBP", "timezone": "Europe/London"}
    return Store.objects.create(name=name, **{**defaults, **fields})


def make_question(store: Store) -> ProductQuestion:
    """Create a question that nobody has answered."""
    said = {"external_id": "q1", "question": "Is it?"}
    return ProductQuestion.objects.create(
        store=store, asked_at=NOON, source_version_at=NOON, **said
    )


def customer(external_id: str = "c1", **fields: Any) -> CustomerRecord:
    """Return a customer record of version noon."""
    return CustomerRecord(external_id=external_id, **{"version_at": NOON, **fields})


def line(key: str = "1", **fields: Any) -> LineData:
    """Return one line of one soap for 10.00."""
    defaults = {
        "line_key": key,
        "position": 1,
        "quantity": 1,
        "unit_price_minor": 1000,
        "total_minor": 1000,
        "sku": "SOAP",
        "title": "Soap",
        "category": "Bath",
    }
    return LineData(**{**defaults, **fields})


def order(external_id: str = "1001", **fields: Any) -> OrderRecord:
    """Return an order of version noon over 10.00 GBP, placed at noon by a guest."""
    defaults = {
        "version_at": NOON,
        "ordered_at": NOON,
        "currency": "GBP",
        "gross_minor": 1000,
        "number": f"#{external_id}",
        "email": "ada@example.com",
        "lines": [line()],
    }
    return OrderRecord(external_id=external_id, **{**defaults, **fields})


def refund(external_id: str = "r1", **fields: Any) -> RefundRecord:
    """Return a refund of version noon of 4.00 GBP of the order 1001."""
    defaults = {
        "version_at": NOON,
        "refunded_at": NOON,
        "currency": "GBP",
        "amount_minor": 400,
        "order_external_id": "1001",
    }
    return RefundRecord(external_id=external_id, **{**defaults, **fields})


def apply(
    store: Store,
    *records: Record,
    source: str = "webhook",
    now: datetime = NOON,
    is_backfill: bool = False,
) -> list[str]:
    """Apply records in a transaction of their own; returns the outcomes."""
    return apply_all(store, records, source=source, now=now, is_backfill=is_backfill).outcomes


def apply_all(
    store: Store, records: Sequence[Record], *, source: str, now: datetime, is_backfill: bool
) -> ApplyResult:
    """Apply a sequence of records in a transaction of their own."""
    with transaction.atomic():
        return apply_records(store.pk, records, source=source, is_backfill=is_backfill, now=now)
