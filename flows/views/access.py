"""The question of a shop: may this visitor see it already? Asked from browsers of any origin."""

from http import HTTPStatus
from typing import Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from flows.queries.access import find_access
from flows.queries.passes import ANYBODY, read_pass
from kernel import clock
from kernel.requests import NOBODY, client_ip
from kernel.tenancy import tenant_scope
from messaging.services.signup_guard import count_turn

_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_MOST, _SECONDS = 300, 60
"""Questions from one address, behind which many visitors may sit."""


@transaction.non_atomic_requests
@require_safe
def check_access(request: HttpRequest, shown: str) -> HttpResponse:
    """Say whether a pass opens its list now.

    The answer may be kept until the list changes, five minutes at the most: for one visitor alone,
    or for everybody where nobody shows a pass.
    """
    found = read_pass(shown)
    if found is None:
        return _refuse("no such pass", HTTPStatus.NOT_FOUND)
    address = client_ip(request)
    if address != NOBODY and (wait := count_turn(f"access:{address}", _MOST, _SECONDS)):
        answer = _refuse("too many questions", HTTPStatus.TOO_MANY_REQUESTS)
        answer["Retry-After"] = str(wait)
        return answer
    with tenant_scope(found.tenant_id), transaction.atomic():
        access = find_access(found.list_id, {found.profile_id}, clock.now())
    if access is None:
        return _refuse("no such list", HTTPStatus.NOT_FOUND)
    whose = "public" if found.profile_id == ANYBODY else "private"
    said = {
        "allowed": access.is_allowed,
        "reason": access.reason,
        "opens_at": access.opens_at.isoformat(),
        "public_at": access.public_at.isoformat(),
    }
    kept = {"Cache-Control": f"{whose}, max-age={access.kept_for}"}
    return JsonResponse(said, headers={**_OPEN, **kept})


def _refuse(detail: str, status: HTTPStatus) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status, headers=_OPEN)
