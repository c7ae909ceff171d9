"""Who lives near a postcode: by a file, by what addresses teach, in every way of asking."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from crm.models import Event, Postcode, Profile
from crm.queries.postcodes import find_centres
from crm.services.postcodes import note_places
from crm.types import EventRef, PlaceData
from kernel.batches import Deadline
from segments.choices import Cause
from segments.domain.canonical import digest
from segments.domain.places import km_between
from segments.domain.standing import KM_OF
from segments.errors import DefinitionError
from segments.models import Membership, Segment
from segments.queries.conditions import parse_definition
from segments.queries.drafts import examine
from segments.queries.listing import describe_definition
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching
from segments.services.live import refresh_for_events
from segments.services.postcodes import upload_postcodes
from segments.services.rebuild import rebuild, refresh_everything
from segments.services.segments import create_segment
from tenants.models import AuditEntry, Tenant
from tests.factories.segments import make_buyer, make_segment
from tests.factories.tenants import sign_in

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
PAGE = "/t/ada-soap/settings/postcodes/"
FILE = """country,postcode,latitude,longitude
GB,SW1A 1AA,51.5010,-0.1416
GB,SW1A 2AA,51.5034,-0.1276
GB,OX1,51.7520,-1.2577
GB,N1 9GU,51.5355,-0.1250
DE,10115,52.5320,13.3840
"""


@pytest.fixture(autouse=True)
def today() -> object:
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


def upload(text: str = FILE) -> None:
    upload_postcodes(text.splitlines(keepends=True), country="", actor="ada@example.com")


def near(postcode: str, country: str = "GB", **within: float) -> dict[str, Any]:
    return {"near": {"postcode": postcode, "country": country}, "within": within}


def settle() -> None:
    while reevaluate_due(Deadline(seconds=None)):
        pass


def members_of(segment: Segment) -> set[int]:
    rows = Membership.objects.filter(segment_ids__contains=[segment.pk])
    return set(rows.values_list("profile_id", flat=True))


def make_people() -> dict[int, str]:
    """Make people who live at postcodes in many spellings, and at places of their own."""
    living: dict[str, dict[str, Any]] = {
        "palace": {"country": "GB", "postcode": "sw1a1aa"},
        "street": {"country": "gb", "postcode": "SW1A-9ZZ"},
        "oxford": {"country": "GB", "postcode": "OX1 3PN"},
        "berlin": {"country": "DE", "postcode": "10115"},
        "abroad": {"country": "FR", "postcode": "SW1A 1AA"},
        "nowhere": {"country": "GB", "postcode": "ZE1 0AA"},
        "silent": {"country": "GB"},
        # Their own coordinates win, unless they are none.
        "moved": {
            "country": "DE",
            "postcode": "10115",
            "properties": {"latitude": "51.75", "longitude": -1.25},
        },
        "half": {"country": "GB", "postcode": "N1 9GU", "properties": {"latitude": 12}},
        "wrong": {
            "country": "GB",
            "postcode": "OX1",
            "properties": {"latitude": 99, "longitude": 1},
        },
    }
    return {make_buyer(first_name=name, **fields): name for name, fields in living.items()}


ASKED = [
    (near("SW1A 1AA", km=0.01), "palace"),
    (near("sw1a 1aa", miles=5), "half palace street"),
    (near("SW1A 1AA", km=81), "half palace street"),
    (near("SW1A 1AA", km=83), "half moved oxford palace street wrong"),
    (near("SW1A 1AA", miles=51.5), "half moved oxford palace street wrong"),
    # Known as SW1A alone, which lies between its two postcodes.
    (near("SW1A 3XX", km=0.1), "street"),
    (near("10115", "DE", km=1), "berlin"),
    (near("10115", "DE", km=1100), "berlin half moved oxford palace street wrong"),
    (
        {"op": "not", "children": [near("OX1", km=5)]},
        "abroad berlin half nowhere palace silent street",
    ),
]


@pytest.mark.covers("S10")
@pytest.mark.parametrize(("definition", "names"), ASKED, ids=str)
def test_who_lives_near_a_postcode_in_every_way_of_asking(
    tenant: Tenant, definition: dict[str, Any], names: str
) -> None:
    people = make_people()
    upload()
    expected = {key for key, name in people.items() if name in names.split()}
    assert matching(definition, list(people), NOW) == expected
    assert {key for key in people if holds_plainly(definition, key)} == expected
    segment = make_segment(definition)
    refs = [EventRef(key, "Profile Updated", NOW, key, None, False) for key in people]
    refresh_for_events(refs)
    assert members_of(segment) == expected
    rebuild(NOW, Cause.DEFINITION)
    assert members_of(segment) == expected
    assert find_differences() == []


def holds_plainly(definition: dict[str, Any], profile_id: int) -> bool:
    """Ask in plain Python whether somebody lives near a place."""
    if "op" in definition:
        return not any(holds_plainly(child, profile_id) for child in definition["children"])
    home, centre = home_of(profile_id), place_of(*definition["near"].values())
    [(unit, reach)] = definition["within"].items()
    if home is None or centre is None:
        return False
    return km_between(home, centre) <= float(Decimal(str(reach)) * KM_OF[unit])


def home_of(profile_id: int) -> tuple[float, float] | None:
    person = Profile.objects.get(pk=profile_id)
    try:
        own = float(person.properties["latitude"]), float(person.properties["longitude"])
    except KeyError:
        own = None
    if own is not None and abs(own[0]) <= 90 and abs(own[1]) <= 180:
        return own
    return place_of(person.postcode, person.country.upper())


def place_of(postcode: str, country: str) -> tuple[float, float] | None:
    found = find_centres({(country, postcode)}).get((country, postcode))
    return None if found is None else (found.latitude, found.longitude)


@pytest.mark.covers("S10")
def test_the_centre_is_said_and_the_distance_explained(tenant: Tenant) -> None:
    upload()
    oxford = make_buyer(country="GB", postcode="OX1 3PN")
    segment = make_segment(near("SW1A 1AA", miles=60))
    reason = explain_segments(oxford, NOW, segment_id=segment.pk)[0]
    assert reason.words == "Lives within 60 miles of SW1A 1AA, GB (51.501, -0.1416)"
    assert (reason.leaves[0].actual, reason.holds) == ("50.9 miles away", True)
    said = describe_definition(near("sw1a  3xx", km=1))
    assert said == "Lives within 1 km of SW1A 3XX, GB (SW1A: 51.5022, -0.1346)"
    assert describe_definition(near("ZE1", miles=1)) == (
        "Lives within 1 mile of ZE1, GB (no coordinates known yet)"
    )


def test_spellings_of_a_postcode_mean_the_same(tenant: Tenant) -> None:
    alike = [near("sw1a 1aa", km=5), near(" SW1A  1AA", "gb", km=5.0)]
    assert len({digest(parse_definition(one)) for one in alike}) == 1
    upload()
    # Where it lies is nothing that the definition says.
    assert digest(parse_definition(alike[0])) == digest(parse_definition(alike[1]))


def test_a_postcode_that_nobody_knows_is_refused_at_its_place(tenant: Tenant) -> None:
    upload()
    definition = {"op": "and", "children": [near("OX1", km=5), near("ZE1 0AA", km=5)]}
    with pytest.raises(DefinitionError) as refused:
        create_segment(name="Far north", definition=definition)
    reason = (
        "no coordinates known for ZE1 0AA (GB) yet: upload a postcode file under Settings,"
        " Postcodes"
    )
    assert refused.value.path == "definition.children[1].near.postcode"
    assert refused.value.reason == reason
    assert not Segment.objects.filter(name="Far north").exists()
    known, unknown = examine(definition)
    assert (known.fault, unknown.at, unknown.fault) == ("", "near.postcode", reason)
    # One that is stored already holds of nobody, and of everybody under a negation.
    someone = make_buyer(country="GB", postcode="ZE1 0AA")
    assert matching(near("ZE1 0AA", km=5), [someone], NOW) == set()


def test_a_file_moves_people_quietly(tenant: Tenant) -> None:
    upload()
    oxford = make_buyer(country="GB", postcode="OX1 3PN")
    segment = make_segment(near("SW1A 1AA", km=85))
    other = make_segment({"field": "order_count", "is": "=", "value": 0}, "Other")
    settle()
    rebuild(NOW, Cause.DEFINITION)
    assert members_of(segment) == {oxford}
    told = Event.objects.filter(name__startswith="Segment ").count()
    upload("country,postcode,latitude,longitude\nGB,OX1,55.9,-3.2\n")
    segment.refresh_from_db()
    other.refresh_from_db()
    assert (segment.redefined_at, other.redefined_at) == (NOW, None)
    settle()
    assert members_of(segment) == set()
    assert members_of(other) == {oxford}
    assert Event.objects.filter(name__startswith="Segment ").count() == told
    assert find_differences() == []
    entry = AuditEntry.objects.filter(action="postcodes.loaded").latest("pk")
    assert (entry.actor, entry.after) == ("ada@example.com", {"postcodes": 1, "countries": "GB"})


def test_what_addresses_teach_counts_from_the_night_on(tenant: Tenant) -> None:
    upload()
    someone = make_buyer(country="GB", postcode="E8 4QN")
    segment = make_segment(near("N1 9GU", km=5))
    refresh_everything(NOW)
    note_places([PlaceData("GB", "E8 4QN", 51.539, -0.065)], NOW)
    refresh_for_events([EventRef(1, "Profile Updated", NOW, someone, None, False)])
    assert members_of(segment) == set()
    assert find_differences() == []
    refresh_everything(NOW)
    assert members_of(segment) == {someone}
    assert find_differences() == []


def post(client: Client, text: bytes, country: str = "") -> Any:
    file = SimpleUploadedFile("postcodes.csv", text)
    return client.post(PAGE, {"file": file, "country": country}, follow=True)


def test_the_page_takes_a_file_and_says_what_is_known(tenant: Tenant) -> None:
    client = sign_in(tenant)
    assert "No postcode is known yet" in client.get(PAGE).content.decode()
    shown = post(client, b"\xef\xbb\xbfplz,lat,lon\n10115,52.532,13.384\nMitte,1,x\n", "DE")
    page = shown.content.decode()
    assert "1 line was taken over, 1 passed over." in page
    assert "Line 3 was passed over: latitude and longitude must be numbers." in page
    assert "Germany" in page
    refused = post(client, b"name\nAda\n")
    assert refused.status_code == 422
    assert "The file has no column" in refused.content.decode()
    assert list(Postcode.objects.values_list("country", "code")) == [("DE", "10115")]


def test_a_command_loads_the_layout_of_geonames(tenant: Tenant, tmp_path: Path) -> None:
    file = tmp_path / "GB.txt"
    file.write_text("GB\tAB10\tAberdeen\tScotland\tSCT\t\t\t\t\t57.131\t-2.122\t4\n" * 2, "utf-8")
    call_command("postcodes", str(file), tenant=tenant.slug)
    assert list(Postcode.objects.values_list("code", "source")) == [("AB10", "file")]
    for wrong in ({"tenant": "nobody"}, {"tenant": tenant.slug, "country": "GB"}):
        file.write_text("", "utf-8")
        with pytest.raises(CommandError):
            call_command("postcodes", str(file), **wrong)
    assert Postcode.objects.count() == 1


def test_the_preview_blames_the_postcode(tenant: Tenant) -> None:
    client = sign_in(tenant)
    answer = client.post(
        "/t/ada-soap/segments/preview/", {"definition": json.dumps(near("ZE1 0AA", km=5))}
    )
    shown = answer.content.decode()
    assert "no coordinates known for ZE1 0AA" in shown
    assert "Not counted yet" in shown
