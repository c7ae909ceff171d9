"""Two people, or two tabs, that edit one segment: nobody saves over what they never saw."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connections, transaction
from django.test import Client

from kernel.errors import Outdated
from kernel.tenancy import tenant_scope
from segments.domain.versions import merge
from segments.models import Segment, Upkeep
from segments.queries.versions import find_meanwhile, read_version
from segments.services.segments import update_segment
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tenants.services.audit import acting_as
from tests.factories.segments import make_segment
from tests.factories.tenants import call_with, make_key, sign_in

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
TWO: dict[str, Any] = {"field": "order_count", "is": ">=", "value": 2}
THREE: dict[str, Any] = {"field": "order_count", "is": ">=", "value": 3}
FOUR: dict[str, Any] = {"field": "order_count", "is": ">=", "value": 4}


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def segment(tenant: Tenant) -> Segment:
    return make_segment(TWO, "Loyal")


@pytest.fixture
def address(segment: Segment) -> str:
    return f"/t/ada-soap/segments/{segment.pk}/edit/"


def opened(client: Client, address: str) -> str:
    """Open the form and return the version it holds."""
    text = client.get(address).content.decode()
    [found] = re.findall(r'name="version" value="([0-9a-f]{32})"', text)
    return str(found)


def typed(version: str, name: str, definition: object = TWO, description: str = "") -> Any:
    return {
        "name": name,
        "description": description,
        "definition": json.dumps(definition),
        "version": version,
    }


def test_the_second_of_two_tabs_is_told_and_overwrites_nothing(
    tenant: Tenant, segment: Segment, address: str, today: time_machine.Traveller
) -> None:
    ada, bea = sign_in(tenant), sign_in(tenant, Role.MARKETER)
    version = opened(ada, address)
    assert opened(bea, address) == version

    assert bea.post(address, typed(version, "Loyal", THREE)).status_code == 302
    today.move_to(datetime(2026, 6, 30, 12, 2, tzinfo=UTC))
    answer = ada.post(address, typed(version, "Fans"))

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Nothing of yours was saved: this segment was changed while you edited it." in text
    assert re.search(r"marketer@\S+ changed its definition\s+<time[^>]*>2 minutes ago", text)
    cells = [cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)</td>", text)]
    assert cells == [
        *["Name", "Loyal", "Loyal", "Fans", "Yours"],
        *[
            "Definition",
            "Orders: at least 2",
            "Orders: at least 3",
            "Orders: at least 2",
            "Saved now",
        ],
    ]
    segment.refresh_from_db()
    assert (segment.name, segment.definition) == ("Loyal", THREE)


def test_what_was_typed_stays_and_can_be_saved_knowingly(
    tenant: Tenant, segment: Segment, address: str
) -> None:
    client = sign_in(tenant)
    version = opened(client, address)
    update_segment(segment.pk, definition=THREE)

    text = client.post(address, typed(version, "Fans", FOUR, "My words")).content.decode()
    assert 'value="Fans"' in text
    assert 'value="My words"' in text
    assert "&quot;value&quot;: 4" in text
    assert "Save this version" in text
    [now] = re.findall(r'name="version" value="([0-9a-f]{32})"', text)
    segment.refresh_from_db()
    assert now == read_version(segment)

    assert client.post(address, typed(now, "Fans", FOUR, "My words")).status_code == 302
    segment.refresh_from_db()
    assert (segment.name, segment.definition, segment.description) == ("Fans", FOUR, "My words")


def test_a_version_that_is_not_found_any_more_keeps_everything_that_was_typed(
    tenant: Tenant, segment: Segment, address: str
) -> None:
    client = sign_in(tenant)
    version = opened(client, address)
    Segment.objects.filter(pk=segment.pk).update(definition=THREE)
    answer = client.post(address, typed(version, "Fans"))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "When you opened it" not in text
    assert "&quot;value&quot;: 2" in text
    assert 'value="Fans"' in text


def test_every_change_since_is_named_in_order(segment: Segment) -> None:
    version = read_version(segment)
    for name, actor in (("A", "bea@soap.example"), ("B", "cem@soap.example")):
        with acting_as(actor):
            update_segment(segment.pk, name=name)
    segment.refresh_from_db()
    meanwhile = find_meanwhile(segment, version)
    assert [(edit.actor, edit.what) for edit in meanwhile.edits] == [
        ("bea@soap.example", "name"),
        ("cem@soap.example", "name"),
    ]
    assert meanwhile.base == {"name": "Loyal", "description": "", "definition": TWO}


def test_a_change_that_was_taken_back_stops_nobody(segment: Segment) -> None:
    version = read_version(segment)
    update_segment(segment.pk, name="Other")
    update_segment(segment.pk, name="Loyal")
    assert update_segment(segment.pk, version=version, name="Fans").name == "Fans"


def test_saving_what_is_there_counts_nothing_again(segment: Segment) -> None:
    Upkeep.objects.all().delete()
    update_segment(segment.pk, name="Loyal", definition=TWO, description="")
    assert not Upkeep.objects.exists()
    assert not AuditEntry.objects.filter(action="segment.changed").exists()


def test_mine_wins_where_i_changed_something_and_theirs_elsewhere() -> None:
    base = {"name": "a", "description": "b", "definition": TWO}
    theirs = {"name": "x", "description": "y", "definition": TWO}
    mine = {"name": "a", "description": "z", "definition": FOUR}
    assert merge(base, theirs, mine) == {"name": "x", "description": "z", "definition": FOUR}


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_saves(tenant: Tenant) -> None:
    with transaction.atomic():
        segment = make_segment(TWO, "Loyal")
        version = read_version(segment)

    def save(name: str) -> bool:
        try:
            with tenant_scope(tenant.pk):
                update_segment(segment.pk, version=version, name=name)
        except Outdated:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        saved = dict(zip("AB", pool.map(save, "AB"), strict=True))
    assert sorted(saved.values()) == [False, True]
    with transaction.atomic():
        assert saved[Segment.objects.get().name]


def test_a_call_saves_only_over_what_it_read(segment: Segment, tenant: Tenant) -> None:
    api = call_with(make_key(tenant))
    path = f"/api/v1/segments/{segment.pk}/"
    tag = api.get(path).headers["ETag"]

    def patch(body: object, **headers: str) -> Any:
        return api.patch(path, json.dumps(body), "application/json", headers=headers)

    first = patch({"name": "Fans"}, **{"If-Match": tag})
    assert (first.status_code, first.json()["name"]) == (200, "Fans")
    assert first.headers["ETag"] == api.get(path).headers["ETag"] != tag

    late = patch({"name": "Late", "definition": THREE}, **{"If-Match": tag})
    assert late.status_code == 412
    assert late.json()["code"] == "precondition_failed"
    for matching in (f"W/{first.headers['ETag']}", '"something"'):
        assert patch({"name": "Late"}, **{"If-Match": matching}).status_code == 412
    segment.refresh_from_db()
    assert (segment.name, segment.definition) == ("Fans", TWO)

    both = f"{tag}, {first.headers['ETag']}"
    assert patch({"definition": THREE}, **{"If-Match": both}).json()["definition"] == THREE
    assert patch({"description": "Mine"}, **{"If-Match": "*"}).status_code == 200
    assert patch({"description": ""}).status_code == 200
    assert patch({"definition": {"field": "nonsense"}}).status_code == 400


def test_a_key_that_may_only_read_changes_nothing(segment: Segment, tenant: Tenant) -> None:
    api = call_with(make_key(tenant, "segments:read"))
    answer = api.patch(
        f"/api/v1/segments/{segment.pk}/", json.dumps({"name": "X"}), "application/json"
    )
    assert answer.status_code == 403
    segment.refresh_from_db()
    assert segment.name == "Loyal"
