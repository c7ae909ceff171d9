"""Pages that only the reader of one mailbox can open: confirm a subscription, download the data.

Both carry a token that is too old some day, and show a button on GET: scanners of mail follow every
link.
"""

from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.api.copies import build_copy
from kernel.tenancy import tenant_scope
from messaging.errors import TokenInvalid
from messaging.queries.recipients import find_subscription
from messaging.services import copies, opting_in, tokens
from messaging.types import MailboxToken, RecipientToken
from messaging.views.hits import PRIVATE, read_hit
from tenants.queries import get_tenant
from tenants.services import audit

_answerable = require_http_methods(["GET", "HEAD", "POST"])


@csrf_exempt  # the token proves who asks
@transaction.non_atomic_requests
@_answerable
def confirm_page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET; subscribe on POST."""
    try:
        found = tokens.read_confirm_token(token)
    except TokenInvalid:
        return _gone(request, "confirm")
    with tenant_scope(found.tenant_id), transaction.atomic():
        if request.method == "POST":
            url = request.build_absolute_uri("/s/")
            is_good = opting_in.confirm(found, read_hit(request), url)
        else:
            is_good = opting_in.find_asked(found) is not None
        if not is_good:
            return _gone(request, "confirm")
        return _page(request, "messaging/confirm.html", found)


@csrf_exempt  # as above
@transaction.non_atomic_requests
@_answerable
def copy_page(request: HttpRequest, token: str) -> HttpResponse:
    """Offer the data on GET; send it on POST."""
    try:
        found = tokens.read_copy_token(token)
    except TokenInvalid:
        return _gone(request, "copy")
    with tenant_scope(found.tenant_id), transaction.atomic():
        owner = copies.find_owner(found)
        if owner is None:
            return _gone(request, "copy")
        if request.method != "POST":
            return _page(request, "messaging/copy.html", found)
        more = copies.describe_rest(owner)
        packed = build_copy(owner, get_tenant(found.tenant_id).currency, more)
        audit.record("profile.exported", "profile", owner, actor="recipient")
    name = {"Content-Disposition": 'attachment; filename="your_data.zip"'}
    return HttpResponse(packed, content_type="application/zip", headers={**PRIVATE, **name})


def _page(request: HttpRequest, template: str, token: MailboxToken) -> HttpResponse:
    recipient = RecipientToken(token.tenant_id, token.profile_id, 0)
    context = {
        "subscription": find_subscription(recipient),
        "token": tokens.sign_recipient(recipient),
        "is_done": request.method == "POST",
    }
    return _private(render(request, template, context))


def _gone(request: HttpRequest, kind: str) -> HttpResponse:
    context = {"kind": kind}
    status = HTTPStatus.NOT_FOUND
    return _private(render(request, "messaging/link_gone.html", context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    for name, value in PRIVATE.items():
        response[name] = value
    return response
