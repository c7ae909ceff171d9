"""Every error of the REST API as problem JSON (RFC 9457) with ``code``, ``detail``, ``fields``.

What is wrong in the definition of a segment has its place there as well, as a JSON ``pointer``.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from kernel.errors import Conflict, DomainError, Forbidden, NotFound, Outdated, Unavailable
from segments.errors import DefinitionError
from tenants.api.problems import flatten

CONTENT_TYPE = "application/problem+json"
STATUSES: dict[type[DomainError], int] = {
    NotFound: 404,
    Conflict: 409,
    Outdated: 412,
    Forbidden: 403,
    Unavailable: 503,
}
TITLES = {
    "invalid": "The request breaks a rule",
    "parse_error": "The body could not be read",
    "authentication_failed": "No valid key was shown",
    "not_authenticated": "No valid key was shown",
    "permission_denied": "The key may not do this",
    "forbidden": "This is not allowed",
    "tenant_suspended": "The shop is suspended",
    "not_found": "There is no such thing",
    "method_not_allowed": "The address does not take this method",
    "not_acceptable": "The answer cannot be given in this format",
    "unsupported_media_type": "The body is in a format that is not read",
    "conflict": "The state of things does not allow it",
    "precondition_failed": "It was changed meanwhile",
    "throttled": "Too many calls",
    "body_too_large": "The body is too large",
    "idempotency_mismatch": "The key was used for another request",
    "idempotency_running": "The first call with this key still runs",
    "internal_error": "Something went wrong on our side",
    "unavailable": "Patron cannot work at the moment",
}


def build_problem(
    status: int, code: str, detail: str, fields: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the body of an error; ``fields`` gives the reason by field name."""
    return {
        "type": f"{settings.PUBLIC_URL}/api/v1/docs/#problem-{code}",
        "title": TITLES.get(code, "The request failed"),
        "status": status,
        "code": code,
        "detail": detail,
        "fields": fields or {},
    }


def plain_problem(status: int, code: str, detail: str) -> JsonResponse:
    """Return an error from outside a view of the REST framework."""
    return JsonResponse(
        build_problem(status, code, detail), status=status, content_type=CONTENT_TYPE
    )


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into its answer; None for one that nobody foresaw."""
    problem = _describe(exc)
    if problem is None:
        return None
    if not hasattr(type(context["view"]).dispatch, "_non_atomic_requests"):
        set_rollback()  # of the request, which is one transaction
    status = int(problem["status"])
    return Response(problem, status=status, headers=_headers(exc), content_type=CONTENT_TYPE)


def _describe(exc: Exception) -> dict[str, Any] | None:
    match exc:
        case DomainError():
            status = next((STATUSES[kind] for kind in type(exc).__mro__ if kind in STATUSES), 400)
            problem = build_problem(status, exc.code, exc.detail, exc.fields)
            if isinstance(exc, DefinitionError):
                problem["pointer"] = exc.pointer
        case Http404():
            problem = build_problem(404, "not_found", "There is nothing at this address.")
        case PermissionDenied():
            problem = build_problem(403, "permission_denied", "The key may not do this.")
        case exceptions.ValidationError():
            fields = flatten(exc.detail)
            detail = " ".join(f"{name}: {text}" for name, text in fields.items())
            problem = build_problem(exc.status_code, "invalid", detail, fields)
        case exceptions.APIException():
            problem = build_problem(exc.status_code, str(_code(exc)), str(exc.detail))
        case _:
            return None
    return problem


def _code(exc: exceptions.APIException) -> object:
    code = exc.get_codes()
    return {"error": "internal_error"}.get(str(code), code)


def _headers(exc: Exception) -> dict[str, str]:
    headers = {}
    if scheme := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = scheme
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


class UnknownAddress(APIView):
    """Answers for every address of the API that does not exist."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes: list[type[BasePermission]] = []
    throttle_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound("There is nothing at this address.")


def unforeseen_problem(request: HttpRequest) -> JsonResponse:
    """Return the answer to an error that nobody foresaw; says nothing of its cause."""
    return plain_problem(
        500,
        "internal_error",
        "Nothing was changed. Try again; if it stays, tell us the request id.",
    )
