"""`/api/v1/campaigns/`: drafts, and holding back what is being sent."""

import json
from typing import Any

import pytest
from django.test import Client

from flows.models import Campaign
from messaging.models import Template
from messaging.services.senders import ensure_default_sender
from segments.models import Segment
from tenants.models import AuditEntry, Tenant
from tests.factories.campaigns import make_audience
from tests.factories.messaging import make_template
from tests.factories.samples import make_profile


def send(client: Client, path: str = "", body: object = None, **more: Any) -> Any:
    method = more.pop("method", "post")
    return getattr(client, method)(
        f"/api/v1/campaigns/{path}", json.dumps(body or {}), content_type="application/json", **more
    )


@pytest.fixture
def template(tenant: Tenant) -> Template:
    ensure_default_sender()
    return make_template()


@pytest.fixture
def audience(tenant: Tenant) -> Segment:
    return make_audience([make_profile()])


def spring(template: Template, audience: Segment) -> dict[str, Any]:
    plan = {"timing": "at", "at": "2090-06-01T09:00"}
    return {
        "name": "Spring",
        "template_ids": [str(template.pk)],
        "include_ids": [str(audience.pk)],
        "plan": plan,
    }


@pytest.mark.covers("M2")
def test_a_campaign_is_written_scheduled_taken_back_and_cancelled(
    api: Client, template: Template, audience: Segment
) -> None:
    made = send(api, "", spring(template, audience))
    assert made.status_code == 201
    said = made.json()
    assert (said["state"], said["channel"], said["exclude_ids"]) == ("draft", "email", [])
    assert said["template_ids"] == [str(template.pk)]
    path = f"{said['id']}/"
    assert api.get(f"/api/v1/campaigns/{path}").json() == said
    assert [row["id"] for row in api.get("/api/v1/campaigns/").json()["results"]] == [said["id"]]

    changed = send(api, path, {"name": "Summer"}, method="patch")
    assert (changed.json()["name"], changed.json()["plan"]) == ("Summer", said["plan"])
    scheduled = send(api, f"{path}schedule/").json()
    assert (scheduled["state"], scheduled["starts_at"]) == ("scheduled", "2090-06-01T08:00:00Z")
    assert send(api, path, {"name": "Autumn"}, method="patch").status_code == 409
    assert send(api, path, method="delete").status_code == 409
    assert send(api, f"{path}unschedule/").json()["state"] == "draft"
    send(api, f"{path}schedule/")
    cancelled = send(api, f"{path}cancel/", {"reason": "Sold out"}).json()
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "Sold out")
    for refused in ("schedule", "unschedule", "pause", "resume", "cancel"):
        assert send(api, f"{path}{refused}/").status_code == 409
    entry = AuditEntry.objects.filter(action="campaign.cancelled").get()
    assert entry.actor.startswith("key:")


def test_what_cannot_be_sent_says_why_for_each_part(api: Client, tenant: Tenant) -> None:
    made = send(api, "", {"name": "Spring"}).json()
    answer = send(api, f"{made['id']}/schedule/")
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() == {"include_ids", "template_ids", "channel"}
    assert Campaign.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "Spring", "include_ids": ["x"]}, "include_ids"),
        ({"name": "Spring", "template_ids": ["999999"]}, "template_ids"),
        ({"name": "Spring", "plan": {"holdout": 99}}, "plan.holdout"),
        ({"name": "Spring", "plan": 5}, "plan"),
    ],
)
def test_nonsense_is_refused_by_field(
    api: Client, tenant: Tenant, body: dict[str, Any], field: str
) -> None:
    answer = send(api, "", body)
    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json()["fields"])
    assert not Campaign.objects.exists()


def test_nobody_saves_over_what_they_have_not_read(
    api: Client, template: Template, audience: Segment
) -> None:
    made = send(api, "", spring(template, audience))
    path, tag = f"{made.json()['id']}/", made["ETag"]
    send(api, path, {"name": "Summer"}, method="patch", headers={"If-Match": tag})
    for stale in (tag, '"abc"'):
        headers = {"If-Match": stale}
        assert send(api, path, {"name": "X"}, method="patch", headers=headers).status_code == 412
        assert send(api, f"{path}schedule/", headers=headers).status_code == 412
    assert Campaign.objects.get().name == "Summer"


def test_a_draft_is_deleted(api: Client, tenant: Tenant) -> None:
    made = send(api, "", {"name": "Spring"}).json()
    assert send(api, f"{made['id']}/", method="delete").status_code == 204
    assert not Campaign.objects.exists()
