"""Pages that say why a request was refused: no capability, or too many tries."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenants import queries
from tenants.domain import capabilities
from tenants.models import Member
from tenants.services.limits import wait_seconds

MINUTE = 60


def refuse(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say what the role lacks and who can give it; a part of a page says so in a toast."""
    member: Member | None = getattr(request, "member", None)
    words = capabilities.WORDS.get(str(exception), "")
    context = {
        "member": member,
        "words": words if member else "",
        "admins": queries.list_names_of_admins(member.tenant_id) if member else [],
    }
    response = render(request, "403.html", context, status=403)
    if request.headers.get("HX-Request") == "true":
        text = "Your role does not allow this any more. Nothing was changed; reload the page."
        response.headers["HX-Trigger"] = json.dumps({"toast": {"text": text, "kind": "info"}})
    return response


def too_many(request: HttpRequest) -> HttpResponse:
    """Say for how long an address rests at most, after too many tries."""
    name = request.resolver_match.url_name if request.resolver_match else ""
    seconds = wait_seconds(name or "")
    context = {"minutes": -(-seconds // MINUTE)}
    response = render(request, "429.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response
