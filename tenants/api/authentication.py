"""REST API authentication by key: the middleware found it, this refuses what has none."""

from typing import TYPE_CHECKING, Any

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tenants.choices import KeyKind
from tenants.domain.scopes import allows
from tenants.models import ApiKey

if TYPE_CHECKING:  # the framework's views read this module's name from the settings
    from rest_framework.views import APIView

SUSPENDED = (
    "This shop is suspended, so its keys can read and write nothing. Webhooks and tracking "
    "are still filed. An owner can resume it under Settings, Danger zone."
)


class ApiKeyAuthentication(BaseAuthentication):
    """Answers 401 to a call without a live ``Authorization: Bearer sk_…``."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey]:
        key: ApiKey | None = getattr(request, "api_key", None)
        if getattr(request, "is_suspended", False):
            raise exceptions.PermissionDenied(SUSPENDED, code="tenant_suspended")
        if key is None or key.kind != KeyKind.SECRET:
            raise exceptions.AuthenticationFailed("A valid secret key (sk_…) is needed.")
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="patron"'


class HasScope(BasePermission):
    """Lets a key do what its scopes say: ``<resource>:read`` or ``<resource>:write``, or ``*``."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        key: Any = request.auth
        resource = getattr(view, "scope_resource", "")
        verb = "read" if request.method in SAFE_METHODS else "write"
        self.message = f"The key lacks the scope {resource}:{verb}."
        return key is not None and allows(key.scopes, resource, verb)
