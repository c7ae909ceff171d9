"""Times that programs send for “unknown” and “never” are refused; no page dies of a stored one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from crm.models import ConsentEvent, Event, Product
from crm.services.consent import record_consent
from flows.models import Task
from kernel import clock
from kernel.errors import Invalid
from tenants.models import Tenant
from tests.factories.samples import make_profile, make_store
from tests.factories.tenants import sign_in

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
WRONG = "Say a time of the years 1900 to 2200; leave it out if there is none."
ZONES = ("Europe/Berlin", "America/New_York")


def refuse(api: Client, path: str, body: dict[str, Any]) -> dict[str, str]:
    """Return what is said of each field of a body that is refused."""
    answer = api.post(f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code == 400, answer.json()
    fields: dict[str, str] = answer.json()["fields"]
    return fields


@pytest.mark.parametrize("zone", ZONES)
def test_years_that_nobody_means_are_refused(tenant: Tenant, api: Client, zone: str) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(timezone=zone)
    ada = make_profile(email="ada@example.com")
    soap = Product.objects.create(store=make_store(), external_id="soap", title="Soap")
    said = {"profile_id": str(ada.pk), "state": "subscribed"}
    assert refuse(api, "consents/", {**said, "occurred_at": FIRST}) == {"occurred_at": WRONG}
    old = {**said, "occurred_at": "2008-12-31T23:59:59Z"}
    assert refuse(api, "consents/", old) == {
        "occurred_at": "No event is kept from before 2009. Leave it out if it is not known."
    }
    task = {"profile_id": str(ada.pk), "title": "Call her", "due_at": LAST}
    assert refuse(api, "tasks/", task) == {"due_at": WRONG}
    issue = {"product_id": soap.pk, "first_day": "2026-05-01", "last_day": "9999-12-31"}
    assert refuse(api, "flows/product-issue/", issue) == {"last_day": WRONG}
    opening = {"email": "ada@example.com", "points": 5, "since": LAST}
    balances = {"source": "Smile", "items": [opening]}
    assert list(refuse(api, "loyalty/openings/", balances).values()) == [WRONG]
    assert (ConsentEvent.objects.count(), Task.objects.count()) == (0, 0)

    days = "as_of=9999-12-31&from=9999-12-01"
    answer = api.get(f"/api/v1/reports/kpis/?{days}")
    assert answer.status_code == 400
    typed = {"first_day": "2026-05-01", "last_day": "9999-12-31"}
    page = sign_in(tenant).post(f"/t/ada-soap/catalog/{soap.pk}/issue/", typed)
    assert page.status_code == 422


def test_of_many_the_one_with_such_a_time_is_rejected(tenant: Tenant, api: Client) -> None:
    good = {"name": "Quiz", "profile": {"email": "ada@example.com"}}
    body = {"items": [{**good, "occurred_at": LAST}, good]}
    answer = api.post("/api/v1/events/bulk/", body, content_type="application/json").json()
    assert [row["status"] for row in answer["results"]] == ["rejected", "new"]
    assert answer["results"][0]["fields"] == {"occurred_at": WRONG}
    assert Event.objects.filter(name="Quiz").count() == 1


@pytest.mark.parametrize("zone", ZONES)
def test_no_page_dies_of_a_time_that_an_older_release_took(tenant: Tenant, zone: str) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(timezone=zone)
    ada = make_profile(email="ada@example.com")
    Task.objects.create(
        profile=ada, title="Call her", due_at=LAST, created_at=clock.now(), created_by="api"
    )
    ConsentEvent.objects.create(
        profile=ada,
        channel="email",
        state="subscribed",
        method="api",
        occurred_at=FIRST,
        recorded_at=clock.now(),
    )
    client = sign_in(tenant)
    for page in ("tasks/", f"profiles/{ada.pk}/", f"profiles/{ada.pk}/consent/"):
        assert client.get(f"/t/ada-soap/{page}").status_code == 200, page
    with pytest.raises(Invalid, match="no time at which somebody could say so"):
        record_consent(ada.pk, "sms", "subscribed", method="manual", occurred_at=FIRST)
    assert ConsentEvent.objects.count() == 1
