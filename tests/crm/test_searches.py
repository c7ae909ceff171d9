"""What members looked for does not outlive the person they looked for."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import QueryDict

from crm.domain.traces import ERASED, Traces
from crm.models import Profile, SavedView
from crm.queries.people import count_people
from crm.queries.people_filters import read_wanted
from crm.services.bulk import start_export
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.saved_views import change_view, delete_view, save_view
from kernel.tenancy import tenant_scope
from segments.models import Segment
from segments.services.segments import create_segment, update_segment
from tenants.models import AuditEntry, IdempotencyKey, Job, Tenant
from tests.factories.samples import make_profile
from tests.factories.tenants import sign_in

ADA = Traces(["ada@example.com"], ["+447700900123"], [("Ada", "Byron-King")])
QUERY = "q=ada%40example.com&sort=-revenue"


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_profile(
        first_name="Ada",
        last_name="Byron-King",
        email="ada@example.com",
        email_norm="ada@example.com",
        phone="+447700900123",
    )


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "mail of ADA@Example.COM, please",
        "ada@",
        "ada@exam",
        "+44 7700 900123",
        "07700 900123",
        "0044 7700 900-123",
        "900 0123 or 7700900123",
        "Ada Byron-King",
        "byron-king, ada",
        "the order of Adá  Byron-King",
    ],
)
def test_a_text_that_names_her_is_known(text: str) -> None:
    assert ADA.names_somebody(text)
    assert ADA.redact(text) == ERASED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.com",
        "vada@example.com",
        "ada@example.com.au",
        "ada@example.org",
        "Ada Byron",
        "Canada Byron-King",
        "900123",
        "1234567890",
        "2026-06-01",
        "soap",
    ],
)
def test_a_text_that_may_mean_others_is_left(text: str) -> None:
    assert not ADA.names_somebody(text)
    assert ADA.redact(text) == text


def test_json_and_addresses_keep_everything_else() -> None:
    said = {"filters": {"q": "Ada Byron-King", "status": "paid"}, "ids": [1, "x=1&y="], "n": None}
    assert ADA.redact(said) == {
        "filters": {"q": ERASED, "status": "paid"},
        "ids": [1, "x=1&y="],
        "n": None,
    }
    assert ADA.redact(QUERY) == "q=%28erased%29&sort=-revenue"


def keep(name: str, query: str) -> SavedView:
    return save_view(
        user_id=1, name=name, query=query, columns=[], is_shared=True, actor="bea@soap.example"
    )


def everything() -> str:
    """Return all that members' doing left behind, as text."""
    rows: list[Any] = [
        *AuditEntry.objects.values("before", "after"),
        *SavedView.objects.values("name", "query"),
        *Job.objects.values("params"),
        *Segment.objects.values("name", "description", "definition"),
        *IdempotencyKey.objects.values("body"),
    ]
    return json.dumps(rows, default=str).lower()


def test_erasure_takes_her_out_of_views_exports_jobs_segments_and_answers(
    tenant: Tenant, ada: Profile
) -> None:
    other = make_profile(email="bea@example.com", email_norm="bea@example.com")
    view = keep("Ada Byron-King", QUERY)
    kept = keep("Bea", "q=bea%40example.com")
    change_view(view.pk, user_id=1, actor="bea@soap.example", query="q=%2B447700900123&sort=new")
    delete_view(view.pk, user_id=1, actor="bea@soap.example")
    client = sign_in(tenant)
    client.get("/t/ada-soap/orders/export/?q=Byron-King+Ada&status=paid")
    client.get("/t/ada-soap/loyalty/ledger/export/?q=ada@example.com")
    job = start_export({"query": QUERY}, actor="bea@soap.example", total=None)
    IdempotencyKey.objects.create(
        key="k", request_hash="h", status=201, body='{"email": "ada@example.com"}'
    )
    IdempotencyKey.objects.create(
        key="l", request_hash="h", status=201, body='{"email": "bea@example.com"}'
    )
    before = AuditEntry.objects.count()

    assert erase_profiles([ada.pk], actor="key:…abcd") == [ada.pk]

    left = everything()
    for trace in ("ada@", "ada%40", "7700", "byron"):
        assert trace not in left, trace
    assert AuditEntry.objects.count() == before + 1
    view.refresh_from_db()
    assert (view.name, view.query) == (ERASED, "q=%28erased%29&sort=new")
    kept.refresh_from_db()
    assert (kept.name, kept.query) == ("Bea", "q=bea%40example.com")
    assert AuditEntry.objects.get(action="orders.exported").after == {
        "filters": {"q": ERASED, "status": "paid"}
    }
    job.refresh_from_db()
    assert job.params == {"query": "q=%28erased%29&sort=-revenue"}
    assert IdempotencyKey.objects.get(key="k").body == "{}"
    assert IdempotencyKey.objects.get(key="l").body == '{"email": "bea@example.com"}'
    other.refresh_from_db()
    assert other.email == "bea@example.com"


def test_a_segment_that_names_her_names_nobody(tenant: Tenant, ada: Profile) -> None:
    named = {"field": "email", "is": "=", "value": "ada@example.com"}
    segment = create_segment(name="Ada Byron-King", definition=named, description="+447700900123")
    create_segment(name="Byron-King, Ada", definition=named)
    update_segment(segment.pk, description="Only Ada Byron-King")
    erase_profiles([ada.pk])
    segment.refresh_from_db()
    assert segment.name == f"{ERASED} {segment.pk}"
    assert segment.definition == {**named, "value": ERASED}
    assert "byron" not in everything()
    assert "ada@" not in everything()


def test_a_view_of_somebody_erased_finds_nobody_instead_of_everybody(
    tenant: Tenant, ada: Profile
) -> None:
    make_profile(email="bea@example.com", email_norm="bea@example.com")
    view = keep("Her", QUERY)
    erase_profiles([ada.pk])
    view.refresh_from_db()
    assert count_people(read_wanted(QueryDict(view.query).dict())) == 0


def test_the_names_of_those_who_became_part_of_her_go_too(tenant: Tenant, ada: Profile) -> None:
    twin = make_profile(
        first_name="Gussie",
        last_name="Leigh",
        email="gus@example.com",
        email_norm="gus@example.com",
        created_at=datetime(2026, 5, 1, tzinfo=UTC),
    )
    keep("Gussie Leigh", "q=gus%40example.com")
    merge_profiles([(ada.pk, twin.pk)], rule="manual")
    erase_profiles([ada.pk])
    assert "gus" not in everything()


def test_another_tenants_views_stay(tenant: Tenant, other_tenant: Tenant, ada: Profile) -> None:
    with tenant_scope(other_tenant.pk):
        view = keep("Ada Byron-King", QUERY)
    erase_profiles([ada.pk])
    with tenant_scope(other_tenant.pk):
        view.refresh_from_db()
        assert (view.name, view.query) == ("Ada Byron-King", QUERY)
