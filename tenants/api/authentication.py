"""REST API authentication by key: the middleware found it, this refuses what has none."""

from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.models import ApiKey


class ApiKeyAuthentication(BaseAuthentication):
    """Answers 401 to a call without a live ``Authorization: Bearer sk_…``."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey]:
        key = getattr(request._request, "api_key", None)
        if key is None:
            raise exceptions.AuthenticationFailed("A valid API key is needed.")
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="patron"'


class HasScope(BasePermission):
    """Lets a key do what its scopes say: ``<resource>:read`` or ``<resource>:write``, or ``*``."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        key: Any = request.auth
        resource = getattr(view, "scope_resource", "")
        verb = "read" if request.method in {"GET", "HEAD", "OPTIONS"} else "write"
        return key is not None and ("*" in key.scopes or f"{resource}:{verb}" in key.scopes)
