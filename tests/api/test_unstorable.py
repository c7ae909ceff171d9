"""What JSON may say and no column keeps is refused at the door, with its place."""

import json
from typing import Any

import pytest
from django.test import Client

from crm.models import Event, Profile
from flows.models import Campaign
from messaging.models import Template
from segments.models import Segment
from tenants.models import Tenant

CHARACTER = "It holds a character that cannot be kept."
NUMBER = "It is no number that can be kept."
GOOD = {"name": "Quiz", "profile": {"email": "ada@example.com"}, "properties": {"said": "a\\u0000"}}
"""The text of an escape is text as any other."""
BODIES = {
    "campaigns/": ('{"name": "x", "plan": {"utm": {"utm_campaign": "a\\u0000b"}}}', CHARACTER),
    "templates/": ('{"key": "k", "content": {"title": "\\u0000"}}', CHARACTER),
    "segments/": (
        '{"name": "x", "definition": {"field": "city", "is": "=", "value": "\\ud83d"}}',
        CHARACTER,
    ),
    "segments/preview/": ('{"definition": {"children": [{"value": "\\ud83d"}]}}', CHARACTER),
    "profiles/": ('{"email": "a@b.example", "properties": {"n": [1, 1e400]}}', NUMBER),
    "events/bulk/": ('{"items": [], "store_id": "\\u0000"}', CHARACTER),
}
PLACES = {
    "campaigns/": "plan.utm.utm_campaign",
    "templates/": "content.title",
    "segments/": "definition.value",
    "segments/preview/": "definition.children[0].value",
    "profiles/": "properties.n[1]",
    "events/bulk/": "store_id",
}


def post(api: Client, path: str, body: str) -> Any:
    return api.post(f"/api/v1/{path}", body, content_type="application/json")


@pytest.mark.django_db
def test_bodies_name_the_place_of_what_cannot_be_kept(tenant: Tenant, api: Client) -> None:
    for path, (body, reason) in BODIES.items():
        answer = post(api, path, body)
        assert (path, answer.status_code) == (path, 400)
        assert answer.json()["fields"] == {PLACES[path]: reason}
    for model in (Campaign, Template, Segment, Profile, Event):
        assert not model.objects.exists()


def test_of_many_items_those_alone_are_rejected(tenant: Tenant, api: Client) -> None:
    big = json.dumps(GOOD).replace('"said"', '"score": 1e400, "said"')
    half = json.dumps(GOOD).replace('"Quiz"', '"\\ud83d"')
    answer = post(
        api, "events/bulk/", f'{{"items": [{big}, {json.dumps(GOOD)}, {half}, "\\u0000"]}}'
    )
    assert [row["status"] for row in answer.json()["results"]] == [
        "rejected",
        "new",
        "rejected",
        "rejected",
    ]
    assert [row["fields"] for row in answer.json()["results"]] == [
        {"properties.score": NUMBER},
        {},
        {"name": CHARACTER},
        {"non_field_errors": CHARACTER},
    ]
    assert Event.objects.get(name="Quiz").properties["said"] == "a\\u0000"
