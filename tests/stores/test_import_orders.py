import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from crm.models import Event, ImportRun, Order, Profile, Refund, Store
from kernel.batches import Deadline
from stores.models import InboxDelivery
from stores.services.inbox import drain_inbox, retry_deliveries
from tenants.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "order_id,ordered_at,customer_id,sku,quantity,unit_price,country\n"
ROWS = (
    "A1,2010-12-01 08:26:00,17850.0,LAMP,6,2.55,United Kingdom\n"
    "A2,2010-12-01 09:00:00,,SOAP,1,4.25,EIRE\n"
    "A1,2010-12-01 08:26:00,17850.0,BOX,2,0,United Kingdom\n"
    "C9,2010-12-02 10:00:00,17850.0,LAMP,-1,2.55,United Kingdom\n"
    "M1,2010-12-03 10:00:00,13047,LAMP,3,2.55,France\n"
    "M1,2010-12-03 10:00:00,13047,LAMP,-1,2.55,France\n"
    "BAD,2010-12-04 10:00:00,,B,1,-11062.06,France\n"
)
COUNTS = {"rows_read": 7, "documents": 5, "orders": 3, "refunds": 2, "quarantined": 1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + ROWS)
    return path


def run(file: Path, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(
        "import_orders", str(file), "--tenant", "ada-soap", "--json", *arguments, stdout=out
    )
    figures: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return figures


def part(figures: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: figures[name] for name in names}


def test_a_file_is_imported_with_its_counts(tenant: Tenant, file: Path) -> None:
    figures = run(file)

    assert part(figures, *COUNTS) == COUNTS
    assert part(figures, "new", "updated", "unchanged") == {"new": 4, "updated": 0, "unchanged": 0}
    assert figures["reasons"] == {"Line 1: unit_price -11062.06 is below zero": 1}
    with transaction.atomic():
        assert Store.objects.get().name == "Import"
        orders = {order.external_id: order for order in Order.objects.all()}
        assert {name: order.gross_minor for name, order in orders.items()} == {
            "A1": 1530,
            "A2": 425,
            "M1": 765,
        }
        assert orders["A2"].profile_id is None
        assert orders["A2"].country == "IE"
        refunds = {refund.external_id: refund for refund in Refund.objects.all()}
        assert refunds["C9"].order_id is None
        assert refunds["C9"].profile_id == orders["A1"].profile_id
        assert refunds["M1:refund"].order_id == orders["M1"].pk
        assert Profile.objects.count() == 2
        assert set(Event.objects.values_list("is_backfill", flat=True)) == {True}
        imported = ImportRun.objects.get()
    assert (imported.status, imported.total, imported.rows_read) == ("finished", 7, 7)
    assert (imported.new_count, imported.quarantined_count) == (4, 1)
    assert imported.filename == "orders.csv"


def test_a_second_import_changes_nothing(tenant: Tenant, file: Path) -> None:
    run(file)
    with transaction.atomic():
        events = Event.objects.count()
    figures = run(file)
    assert part(figures, "new", "updated", "unchanged") == {"new": 0, "updated": 0, "unchanged": 4}
    assert figures["quarantined"] == 1
    with transaction.atomic():
        assert Event.objects.count() == events
        assert Order.objects.count() == 3
        assert InboxDelivery.objects.count() == 1


def test_a_quarantined_document_can_be_retried(tenant: Tenant, file: Path) -> None:
    run(file)
    with transaction.atomic():
        row = InboxDelivery.objects.get()
        assert (row.source, row.topic, row.status) == ("import", "import/order", "quarantined")
        assert row.reason == "Line 1: unit_price -11062.06 is below zero"
        body = json.loads(bytes(row.body))
        body["rows"][0]["unit_price"] = "9.99"
        InboxDelivery.objects.update(body=json.dumps(body).encode())
    assert retry_deliveries([row.pk]) == 1
    assert drain_inbox(Deadline(seconds=None)) == 1
    with transaction.atomic():
        assert Order.objects.get(external_id="BAD").gross_minor == 999
        assert InboxDelivery.objects.get().status == "applied"


def test_a_corrected_file_releases_what_was_quarantined(tenant: Tenant, file: Path) -> None:
    run(file)
    file.write_text(HEADER + ROWS.replace("-11062.06", "9.99"))
    figures = run(file)
    assert part(figures, "new", "unchanged", "quarantined") == {
        "new": 1,
        "unchanged": 4,
        "quarantined": 0,
    }
    with transaction.atomic():
        row = InboxDelivery.objects.get()
    assert (row.status, row.reason) == (
        "ignored",
        "A later import of the same document was applied",
    )


def test_a_trial_writes_nothing(tenant: Tenant, file: Path) -> None:
    figures = run(file, "--dry-run")
    assert figures["dry_run"] is True
    assert part(figures, *COUNTS) == COUNTS
    with transaction.atomic():
        assert (Store.objects.count(), Order.objects.count(), ImportRun.objects.count()) == (
            0,
            0,
            0,
        )
        assert InboxDelivery.objects.count() == 0


def test_columns_currency_and_zone_can_be_given(tenant: Tenant, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "\ufeffInvoice;Date;Qty;Price;Mail\nX1;2026-07-01 10:00;2;3.50;grace@example.com\n", "utf-8"
    )
    figures = run(
        path,
        *("--currency", "eur", "--timezone", "Europe/Berlin"),
        *("--map", "order_id=Invoice", "ordered_at=Date", "--map", "quantity=Qty"),
        *("--map", "unit_price=Price", "--map", "email=Mail"),
    )
    assert figures["new"] == 1
    with transaction.atomic():
        order = Order.objects.get()
        assert (order.currency, order.gross_minor) == ("EUR", 700)
        assert order.ordered_at.isoformat() == "2026-07-01T08:00:00+00:00"
        assert Profile.objects.get().email == "grace@example.com"


def test_a_file_may_go_to_a_store_of_the_tenant_alone(
    tenant: Tenant, other_tenant: Tenant, file: Path
) -> None:
    with pytest.raises(CommandError, match="The tenant has no store 4711"):
        run(file, "--store", "4711")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--currency", "QQQ"], "'QQQ' is not a known currency"),
        (["--timezone", "Mars/Base"], "'Mars/Base' is not a time zone"),
        (["--map", "sku"], "'sku' is not TARGET=SOURCE"),
        (["--map", "order_id=Nope"], "The file has no column 'Nope'"),
    ],
)
def test_wrong_arguments_are_said(
    tenant: Tenant, file: Path, arguments: list[str], expected: str
) -> None:
    with pytest.raises(CommandError, match=expected):
        run(file, *arguments)
    with transaction.atomic():
        assert Order.objects.count() == 0


def test_many_documents_take_several_batches(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stores.services.imports.BATCH_DOCUMENTS", 2)
    monkeypatch.setattr("stores.services.imports.FETCH_ROWS", 3)
    path = tmp_path / "orders.csv"
    lines = [f"O{number % 5},2026-01-01,,S{number},1,1.00,GB\n" for number in range(20)]
    path.write_text(HEADER + "".join(lines))
    figures = run(path)
    assert part(figures, "rows_read", "documents", "new") == {
        "rows_read": 20,
        "documents": 5,
        "new": 5,
    }
    with transaction.atomic():
        assert set(Order.objects.values_list("gross_minor", flat=True)) == {400}
