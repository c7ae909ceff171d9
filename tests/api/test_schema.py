"""The schema is valid OpenAPI 3.1, complete, and made without a warning."""

import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from config.api.schema import build_schema


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    return build_schema()


def test_it_is_made_without_a_warning(schema: dict[str, Any]) -> None:
    assert dict(GENERATOR_STATS._warn_cache) == {}
    assert dict(GENERATOR_STATS._error_cache) == {}


def test_it_is_valid_openapi_3_1(schema: dict[str, Any]) -> None:
    validate: Any = validate_schema
    validate(schema)
    assert schema["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/profiles/",
        "/api/v1/profiles/{id}/",
        "/api/v1/profiles/{id}/timeline/",
        "/api/v1/profiles/{profile_id}/segments/",
        "/api/v1/profiles/{profile_id}/messages/",
        "/api/v1/profiles/{id}/export/",
        "/api/v1/orders/bulk/",
        "/api/v1/products/bulk/",
        "/api/v1/events/bulk/",
        "/api/v1/inbox/{id}/retry/",
        "/api/v1/segments/fields/",
        "/api/v1/flows/nodes/",
        "/api/v1/reports/kpis/",
    ],
)
def test_it_names_what_the_contract_names(schema: dict[str, Any], path: str) -> None:
    assert path in schema["paths"]


def test_every_operation_says_what_it_does_and_how_errors_look(schema: dict[str, Any]) -> None:
    operations = [operation for item in schema["paths"].values() for operation in item.values()]
    assert [row["operationId"] for row in operations if not row.get("description")] == []
    assert [row["operationId"] for row in operations if "default" not in row["responses"]] == []
    names = [row["operationId"] for row in operations]
    assert len(names) == len(set(names))


def test_every_operation_needs_a_key(schema: dict[str, Any]) -> None:
    assert schema["components"]["securitySchemes"]["secretKey"]["scheme"] == "bearer"
    for item in schema["paths"].values():
        for operation in item.values():
            assert operation["security"] == [{"secretKey": []}]


def test_lists_have_filters_pages_and_next(schema: dict[str, Any]) -> None:
    listing = schema["paths"]["/api/v1/orders/"]["get"]
    names = {parameter["name"] for parameter in listing["parameters"]}
    assert {"limit", "cursor", "profile_id", "ordered_at", "ordered_at__gte"} <= names
    shape = listing["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    page = schema["components"]["schemas"][shape.rpartition("/")[2]]
    assert set(page["properties"]) == {"results", "next"}


def test_the_schema_is_open_and_speaks_json(db: None, client: Client) -> None:
    answer = client.get("/api/v1/schema/?format=json")
    assert answer.status_code == 200
    assert json.loads(answer.content)["info"]["title"] == "Patron API"


def test_the_page_shows_every_path_and_no_script_of_its_own(
    db: None, client: Client, schema: dict[str, Any]
) -> None:
    answer = client.get("/api/v1/docs/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert all(path in text for path in schema["paths"])
    assert "<script>" not in text
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
