"""What the schema says of every operation: the key it needs, how errors look, how to repeat."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from config.api.errors import CONTENT_TYPE, build_problem
from config.api.idempotency import MAX_KEY_LENGTH

PROBLEM = "Problem"


class SecretKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself
    """Names the bearer key in the schema."""

    target_class = "tenants.api.authentication.ApiKeyAuthentication"
    name = "secretKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A secret key, `sk_…`."}


def build_schema() -> dict[str, Any]:
    """Return the schema of the whole API."""
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator().get_schema(request=None, public=True)
    return schema


def describe_all(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to every operation how its errors look, and to every POST its idempotency key."""
    result["components"]["schemas"][PROBLEM] = _problem_schema()
    for item in result["paths"].values():
        for method, operation in item.items():
            operation["responses"]["default"] = _problem_answer()
            if method == "post":
                operation.setdefault("parameters", []).append(_idempotency_key())
    return result


def _problem_schema() -> dict[str, Any]:
    example = build_problem(400, "invalid", "limit: A whole number.", {"limit": "A whole number."})
    types: dict[str, dict[str, Any]] = {name: {"type": "string"} for name in example}
    types["status"] = {"type": "integer"}
    types["fields"] = {"type": "object", "additionalProperties": {"type": "string"}}
    types["pointer"] = {"type": "string", "description": "Where in a definition (RFC 6901)."}
    return {
        "type": "object",
        "description": "Why a call was refused (RFC 9457); `fields` has the reason by field.",
        "properties": types,
        "required": list(example),
        "examples": [example],
    }


def _problem_answer() -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{PROBLEM}"}
    return {
        "description": "The call was refused or failed.",
        "content": {CONTENT_TYPE: {"schema": reference}},
    }


def _idempotency_key() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "For a day, a repeat with the same key and body gets the first answer.",
        "schema": {"type": "string", "maxLength": MAX_KEY_LENGTH},
    }
