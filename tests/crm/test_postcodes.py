"""Where postcodes lie: spellings, areas, files, and what addresses teach."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from crm.domain.postcodes import Flaw, area_of, normalise_postcode, read_places
from crm.models import Postcode
from crm.queries.postcodes import find_centres, list_known_countries
from crm.services import postcodes
from crm.services.ingest import apply_records
from crm.services.postcodes import load_postcodes, note_places, settle_postcodes
from crm.types import OrderRecord, PlaceData
from kernel.errors import Invalid
from stores.platforms.shopify.customers import read_places as read_places_of_shopify
from tenants.models import Tenant
from tests.factories.samples import make_store

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
GEONAMES = "GB\tAB10\tAberdeen\tScotland\tSCT\t\t\t\t\t57.131\t-2.122\t4\n"


@pytest.mark.parametrize(
    ("country", "typed", "code", "area"),
    [
        ("GB", "sw1a 1aa", "SW1A1AA", "SW1A"),
        ("GB", "M1 1AE", "M11AE", "M1"),
        ("GB", "SW1A", "SW1A", "SW1A"),
        ("JE", "JE2 3QA", "JE23QA", "JE2"),
        ("US", "94103-1234", "941031234", "94103"),
        ("NL", "1012 AB", "1012AB", "1012"),
        ("CA", "K1A 0B1", "K1A0B1", "K1A"),
        ("DE", " 10115 ", "10115", "10115"),
        ("GB", "…", "", ""),
    ],
)
def test_a_postcode_has_one_spelling_and_lies_in_its_area(
    country: str, typed: str, code: str, area: str
) -> None:
    assert normalise_postcode(typed) == code
    assert area_of(country, code) == area


FILES: list[tuple[str, str, list[Any]]] = [
    (GEONAMES, "", [PlaceData("GB", "AB10", 57.131, -2.122)]),
    (
        "Country;PLZ;Lat;Long\r\nde;10115;52,532;13,384\r\n",
        "",
        [PlaceData("DE", "10115", 52.532, 13.384)],
    ),
    (
        '"postcode","lat","lng"\nSW1A 1AA,51.5,-0.14\n',
        "GB",
        [PlaceData("GB", "SW1A1AA", 51.5, -0.14)],
    ),
    (
        (
            "country,postcode,latitude,longitude\n\nGB,,1,1\nBritain,N1,1,1\nGB,N1,north,1\n"
            "GB,N1,91,1\nGB,N1,0,0\nGB,N1\nGB,N1,51.53,-0.1\n"
        ),
        "",
        [
            Flaw(3, "'' is no postcode"),
            Flaw(4, "'BRITAIN' is no country; write its two letters, such as GB"),
            Flaw(5, "latitude and longitude must be numbers"),
            Flaw(6, "91, 1 is no place"),
            Flaw(7, "0, 0 is no place"),
            Flaw(8, "has 2 columns, and not 4"),
            PlaceData("GB", "N1", 51.53, -0.1),
        ],
    ),
]


@pytest.mark.parametrize(("text", "country", "found"), FILES)
def test_files_are_read_line_by_line(text: str, country: str, found: list[Any]) -> None:
    assert list(read_places(text.splitlines(keepends=True), country)) == found


REFUSED = [
    ("\n \n", "", "The file is empty."),
    ("postcode,lat,lon\nN1,1,1\n", "", "The file names no country"),
    ("name,lat\nN1,1\n", "GB", "The file has no column “postcode” and “longitude”"),
]


@pytest.mark.parametrize(("text", "country", "reason"), REFUSED)
def test_a_file_that_does_not_say_what_is_what_is_refused(
    text: str, country: str, reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        list(read_places(text.splitlines(keepends=True), country))


def load(text: str) -> int:
    head = "country,postcode,latitude,longitude\n"
    return load_postcodes(f"{head}{text}".splitlines(keepends=True), NOW).read


def centre(country: str, code: str) -> tuple[float, float, str] | None:
    found = find_centres({(country, code)}).get((country, code))
    if found is None:
        return None
    return round(found.latitude, 4), round(found.longitude, 4), found.code


def test_a_file_says_where_postcodes_lie_and_where_the_areas_around_them(tenant: Tenant) -> None:
    assert load("GB,SW1A 1AA,51.5,-0.1\nGB,SW1A 1AA,51.52,-0.1\nGB,SW1A 2AA,51.53,-0.13\n") == 3
    # Two lines of one postcode are its middle, three lie in the area.
    assert centre("GB", "sw1a1aa") == (51.51, -0.1, "SW1A1AA")
    assert centre("GB", "SW1A 9ZZ") == (51.5167, -0.11, "SW1A")
    assert centre("DE", "SW1A 1AA") is None
    # What a file names itself stays, whatever lies in it.
    load("GB,SW1A,50,-1\n")
    load("GB,SW1A 1AA,51.6,-0.2\n")
    assert centre("GB", "SW1A 9ZZ") == (50, -1, "SW1A")
    assert centre("GB", "SW1A 1AA") == (51.6, -0.2, "SW1A1AA")
    [known] = list_known_countries()
    assert (known.name, known.postcodes, known.from_file, known.waiting) == (
        "United Kingdom",
        3,
        3,
        0,
    )


def test_a_file_without_any_postcode_changes_nothing(tenant: Tenant) -> None:
    load("GB,N1,51.53,-0.1\n")
    before = list(Postcode.objects.values())
    with pytest.raises(Invalid, match=r"No line of the file says where.*Line 2: 'x y z is no way"):
        load("GB,x y z is no way to write a postcode,1,1\n")
    assert list(Postcode.objects.values()) == before


def test_too_long_a_file_leaves_nothing_behind(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postcodes, "BATCH", 1)
    monkeypatch.setattr(postcodes, "MOST", 2)
    with pytest.raises(Invalid, match="more than 2 lines"):
        load("GB,N1,51.53,-0.1\nGB,N2,51.54,-0.1\nGB,N3,51.55,-0.1\n")
    assert not Postcode.objects.exists()
    assert load("GB,N1,51.53,-0.1\nGB,N2,51.54,-0.1\n") == 2
    assert centre("GB", "N1") == (51.53, -0.1, "N1")


def place(code: str, latitude: float, longitude: float) -> PlaceData:
    return PlaceData("GB", code, latitude, longitude)


def test_addresses_teach_where_postcodes_lie_once_that_is_settled(tenant: Tenant) -> None:
    note_places([place("N1 9GU", 51.53, -0.12), place("N1 9GU", 51.54, -0.12)], NOW)
    assert centre("GB", "N1 9GU") is None
    assert list_known_countries()[0].waiting == 2
    assert settle_postcodes(NOW) == 2
    assert centre("GB", "N1 9GU") == (51.535, -0.12, "N19GU")
    assert centre("GB", "N1 7AA") == (51.535, -0.12, "N1")
    # What hardly moves stays where it is, and nothing is settled twice.
    note_places([place("N1 9GU", 51.536, -0.12)], NOW)
    assert settle_postcodes(NOW) == 0
    note_places([place("N1 9GU", 51.6, -0.12), place("N1 9GU", 0, 0), place("…", 51, 0)], NOW)
    assert settle_postcodes(NOW) == 2
    assert centre("GB", "N1 9GU") == (51.5515, -0.12, "N19GU")
    # A file knows better than addresses, before and after.
    load("GB,N1 9GU,51.5,-0.1\n")
    note_places([place("N1 9GU", 55, -3)] * 9, NOW)
    settle_postcodes(NOW)
    assert centre("GB", "N1 9GU") == (51.5, -0.1, "N19GU")


def test_while_a_file_is_loaded_addresses_teach_nothing_and_nobody_waits(tenant: Tenant) -> None:
    other = connection.copy()

    def ask(what: str) -> object:
        with other.cursor() as cursor:
            key = "hashtextextended('postcodes:' || %s, 0)"
            cursor.execute(f"SELECT {what}({key})", [str(tenant.pk)])
            return cursor.fetchone()[0]

    try:
        ask("pg_advisory_lock")
        note_places([place("N1 9GU", 51.53, -0.12)], NOW)
        assert not Postcode.objects.exists()
        assert ask("pg_advisory_unlock") is True
        note_places([place("N1 9GU", 51.53, -0.12)], NOW)
        assert list(Postcode.objects.order_by("code").values_list("code", "seen_count")) == [
            ("N1", 1),
            ("N19GU", 1),
        ]
        # Others who learn do not stop those who learn; a file stops them until it is there.
        assert ask("pg_try_advisory_lock_shared") is True
        assert ask("pg_advisory_unlock_shared") is True
        # Nor do those who settle what was learned.
        assert settle_postcodes(NOW) == 2
        assert ask("pg_try_advisory_lock_shared") is True
        assert ask("pg_advisory_unlock_shared") is True
        load("GB,N1 9GU,51.5,-0.1\n")
        assert ask("pg_try_advisory_lock_shared") is False
    finally:
        other.close()


def test_an_order_that_comes_again_teaches_nothing_new(tenant: Tenant) -> None:
    store = make_store()
    order = OrderRecord(
        external_id="1",
        version_at=NOW,
        ordered_at=NOW,
        currency="GBP",
        gross_minor=100,
        places=(place("N1 9GU", 51.53, -0.12),),
    )
    for _ in range(2):
        apply_records(store.pk, [order], source="webhook", now=NOW)
    assert list(Postcode.objects.order_by("code").values_list("code", "seen_count")) == [
        ("N1", 1),
        ("N19GU", 1),
    ]


def test_an_address_of_shopify_says_where_it_lies() -> None:
    address = {"zip": "N1 9GU", "country_code": "gb", "latitude": 51.53, "longitude": "-0.12"}
    found = place("N1 9GU", 51.53, -0.12)
    assert read_places_of_shopify(address, {**address}, {}) == (found,)
    for lack in ({"latitude": None}, {"zip": ""}, {"longitude": "west"}):
        assert read_places_of_shopify({**address, **lack}) == ()
