"""The page of the audit trail: filters, pages, details, CSV."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from kernel.sql import execute
from tenants.choices import Role
from tenants.domain.differences import list_differences
from tenants.models import AuditEntry, Tenant
from tenants.queries.audit import Wanted, list_actors, list_entries
from tenants.services import audit
from tests.factories.tenants import sign_in

PAGE = "/t/ada-soap/settings/audit/"
NOON = datetime(2026, 6, 1, 11, tzinfo=UTC)


def add(number: int = 0, **fields: Any) -> AuditEntry:
    values = {
        "actor": "ada@soap.example",
        "action": "key.created",
        "object_type": "key",
        "object_id": str(number),
        "after": {"name": f"Key {number}"},
        "at": NOON + timedelta(minutes=number),
        **fields,
    }
    return AuditEntry.objects.create(**values)


def ids_on(client: Client, query: str = "") -> list[str]:
    rows = client.get(f"{PAGE}{query}").context["rows"]
    return [row["entry"].object_id for row in rows]


def test_the_newest_is_first_with_what_was_there_before_and_after(tenant: Tenant) -> None:
    add(1)
    add(2, action="segment.changed", before={"name": "Old"}, after={"name": "New"})
    text = sign_in(tenant).get(PAGE).content.decode()
    assert text.index("Changed a segment") < text.index("Made an API key</td>")
    assert "<del>Old</del>" in text
    assert "<ins>New</ins>" in text


def test_filters_stand_in_the_address(tenant: Tenant) -> None:
    add(1)
    add(2, actor="bea@soap.example")
    add(3, action="flow.published", object_type="flow")
    add(4, at=NOON + timedelta(days=2))
    client = sign_in(tenant)
    assert ids_on(client, "?actor=bea@soap.example") == ["2"]
    assert ids_on(client, "?what=flow") == ids_on(client, "?what=flow.published") == ["3"]
    assert ids_on(client, "?what=key&id=1") == ["1"]
    assert ids_on(client, "?from=2026-06-02") == ["4"]
    assert ids_on(client, "?to=2026-06-01") == ["3", "2", "1"]
    assert ids_on(client, "?actor=nobody") == []
    assert "Nothing fits these filters" in client.get(f"{PAGE}?actor=x").content.decode()


def test_a_day_is_a_day_of_the_tenant(tenant: Tenant) -> None:
    add(1, at=datetime(2026, 6, 1, 23, 30, tzinfo=UTC))
    client = sign_in(tenant)
    assert ids_on(client, "?from=2026-06-02&to=2026-06-02") == ["1"]
    assert ids_on(client, "?to=2026-06-01") == []


@pytest.mark.parametrize(
    "query",
    [
        "?from=yesterday&to=31-12-2026",
        "?from=9999-12-31&to=0001-01-01",
        "?after=x_y&before=",
        "?before=99999999999999999999999_1",
        "?what=%00&actor=%00&id=%00",
    ],
)
def test_a_filter_that_means_nothing_is_left_out(tenant: Tenant, query: str) -> None:
    add(1)
    assert ids_on(sign_in(tenant), query) == ["1"]


def test_pages_follow_each_other_without_gaps(tenant: Tenant) -> None:
    for number in range(120):
        add(number, at=NOON + timedelta(minutes=number // 3))
    client = sign_in(tenant)
    pages, query = [], ""
    while True:
        page = client.get(f"{PAGE}{query}").context["page"]
        pages.append([row.object_id for row in page.rows])
        if page.next is None:
            break
        query = f"?after={page.next}"
    assert [len(rows) for rows in pages] == [50, 50, 20]
    assert sum(pages, []) == [str(number) for number in reversed(range(120))]  # noqa: RUF017 short
    back = client.get(f"{PAGE}?before={page.previous}").context["page"]
    assert [row.object_id for row in back.rows] == pages[1]
    assert back.previous is not None
    assert client.get(f"{PAGE}?before={back.previous}").context["page"].previous is None


def test_one_entry_shows_every_field(tenant: Tenant) -> None:
    before = {"name": "Buyers", "definition": {"op": "and", "children": [1]}}
    after = {"name": "Buyers", "definition": {"op": "or", "children": [1, 2]}}
    entry = add(1, action="segment.changed", object_type="segment", before=before, after=after)
    text = sign_in(tenant).get(f"{PAGE}{entry.pk}/").content.decode()
    assert "Definition: op" in text
    assert "<del>and</del>" in text
    assert "<ins>1, 2</ins>" in text
    assert "/t/ada-soap/segments/1/" in text


def test_differences_come_before_what_stayed() -> None:
    rows = list_differences({"a": 1, "b": 2, "c": True}, {"a": 1, "b": 3, "d": None})
    assert [(row.name, row.before, row.after, row.kind) for row in rows] == [
        ("B", "2", "3", "changed"),
        ("C", "yes", "", "removed"),
        ("D", "", "", "added"),
        ("A", "1", "1", "same"),
    ]


def test_the_file_holds_what_the_list_shows_and_no_formula(tenant: Tenant) -> None:
    add(1, object_id="=1+1", after={"name": "@SUM(A1)"})
    add(2, actor="bea@soap.example")
    client = sign_in(tenant)
    answer = client.get(f"{PAGE}export/?actor=ada@soap.example")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined] # it streams
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(row["object_id"], row["after"]) for row in rows] == [("'=1+1", '{"name": "@SUM(A1)"}')]
    entry = AuditEntry.objects.get(action="audit.exported")
    assert entry.after is not None
    assert entry.after["actor"] == "ada@soap.example"


def test_only_those_who_may_read_it_do(tenant: Tenant) -> None:
    assert sign_in(tenant, Role.MARKETER).get(PAGE).status_code == 403
    assert sign_in(tenant, Role.ADMIN).get(PAGE).status_code == 200


def test_an_empty_trail_says_what_will_be_here(tenant: Tenant) -> None:
    assert "Nothing was changed yet" in sign_in(tenant).get(PAGE).content.decode()


def test_script_in_every_field_is_only_text(tenant: Tenant) -> None:
    script = "<script>alert(1)</script>"
    entry = add(1, actor=script, action=script, object_type=script, after={script: script})
    client = sign_in(tenant)
    for address in (PAGE, f"{PAGE}{entry.pk}/", f"{PAGE}?actor={script}&what={script}"):
        assert script not in client.get(address).content.decode()


@pytest.mark.parametrize("path", ["orders/export/", "loyalty/ledger/export/"])
def test_an_export_with_nonsense_in_its_address_is_noted_without_it(
    tenant: Tenant, path: str
) -> None:
    answer = sign_in(tenant).get(f"/t/ada-soap/{path}?q=a%00b&x%00=%00")
    assert answer.status_code == 200
    assert AuditEntry.objects.get().after == {"filters": {"q": "ab", "x": ""}}


def test_everybody_in_the_trail_is_offered_once(tenant: Tenant) -> None:
    for number in range(3):
        add(number)
    add(3, actor="key:sk_abc…wxyz")
    audit.record("key.revoked", "key", 1)
    assert list_actors() == ["ada@soap.example", "key:sk_abc…wxyz", "system"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(), "auditentry_at_idx"),
        (Wanted(actor="ada@soap.example"), "auditentry_actor_idx"),
        (Wanted(action="key.created"), "auditentry_action_idx"),
        (Wanted(object_type="key"), "auditentry_object_idx"),
        (Wanted(object_id="7", object_type="key"), "auditentry_history_idx"),
    ],
)
def test_each_filter_reads_one_page_of_an_index(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, wanted: Wanted, index: str
) -> None:
    for number in range(300):
        add(number, actor=f"p{number % 7}", action=f"a{number % 5}", object_type=f"o{number % 5}")
    plans: list[str] = []

    def explain(statement: str, /, **params: Any) -> list[Any]:
        rows = execute(f"EXPLAIN {statement}", **params)
        plans.extend(row[0] for row in rows)
        return execute(statement, **params)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    monkeypatch.setattr("tenants.queries.audit.execute", explain)
    list_entries(wanted, "Europe/London")
    assert index in "\n".join(plans)
    assert "Sort" not in "\n".join(plans)
