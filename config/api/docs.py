"""The schema of the API (OpenAPI 3.1) and a page that reads it out, without foreign code."""

from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from config.api.errors import TITLES
from config.api.schema import build_schema

METHODS = ("get", "post", "put", "patch", "delete")


class SchemaView(SpectacularAPIView):
    """The schema, open to everybody: it describes the product and no tenant."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes: list[type[BasePermission]] = []
    throttle_classes = []
    schema = None


class DocsView(APIView):
    """The page for people, rendered from the schema."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes: list[type[BasePermission]] = []
    throttle_classes = []
    schema = None

    def get(self, request: Request) -> HttpResponse:
        """Show every operation with its parameters, body and answers."""
        schema = build_schema()
        context = {
            "info": schema["info"],
            "groups": _group(schema),
            "problems": TITLES,
        }
        plain = request._request  # noqa: SLF001 the framework has no public name for it
        return HttpResponse(render_to_string("api/docs.html", context, plain))


def _group(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                operation = _describe(path, method, item[method], schema)
                groups.setdefault(operation["tag"], []).append(operation)
    return groups


def _describe(
    path: str, method: str, operation: dict[str, Any], schema: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "tag": operation.get("tags", ["other"])[0],
        "path": path,
        "method": method.upper(),
        "text": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "body": _properties(operation.get("requestBody", {}), schema),
        "answers": {
            code: _properties(answer, schema) for code, answer in operation["responses"].items()
        },
    }


def _properties(holder: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, str]]:
    media: dict[str, Any] = next(iter(holder.get("content", {}).values()), {})
    found = _resolve(media.get("schema", {}), schema)
    results = found.get("properties", {}).get("results", {})
    if "items" in results:
        found = _resolve(results["items"], schema)
    return [
        {
            "name": name,
            "type": _type_of(part),
            "text": _resolve(part, schema).get("description", ""),
        }
        for name, part in found.get("properties", {}).items()
    ]


def _resolve(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = part.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema["components"]["schemas"][name] if name else part
    return found


def _type_of(part: dict[str, Any]) -> str:
    if "$ref" in part:
        return str(part["$ref"]).rpartition("/")[2]
    kind = part.get("type", "object")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array":
        return f"array of {_type_of(part.get('items', {}))}"
    return f"{words} ({part['format']})" if "format" in part else words
