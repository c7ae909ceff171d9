"""Public edges of a mail: unsubscribe, preferences, the pixel and tracked links.

Each address carries a signed token that names the tenant, whose scope is opened here. GET and
HEAD change no subscription: scanners of mail follow every link. Nothing needs a log-in or a
cookie.
"""

from base64 import b64decode
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kernel import clock
from kernel.requests import NOBODY, client_ip
from kernel.tenancy import tenant_scope
from messaging.errors import TokenInvalid
from messaging.queries.recipients import Subscription, find_subscription
from messaging.services import subscribing, tokens, tracking
from messaging.types import Hit, LinkToken, RecipientToken

log = structlog.get_logger(__name__)

_GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PRIVATE = {"Cache-Control": "no-store, private", "X-Robots-Tag": "noindex, nofollow"}
_readable = require_http_methods(["GET", "HEAD"])
_answerable = require_http_methods(["GET", "HEAD", "POST"])


@csrf_exempt  # the token proves who asks; a mail program's POST brings no cookie
@transaction.non_atomic_requests
@_answerable
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET; end promotional e-mail on POST (RFC 8058 and the page's own button)."""
    found = _recipient(token)
    is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    with tenant_scope(found.tenant_id):
        if request.method == "POST":
            method = "one_click" if is_one_click else "unsubscribe_page"
            subscribing.unsubscribe(found, _decision(request, method, "/u/"))
        if is_one_click:
            return HttpResponse(
                "You are unsubscribed.", content_type="text/plain", headers=_PRIVATE
            )
        subscription = _subscription(found)
    return _page(request, "messaging/unsubscribe.html", token, subscription)


@csrf_exempt  # as above
@transaction.non_atomic_requests
@_answerable
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a recipient gets, and change it on POST."""
    found = _recipient(token)
    with tenant_scope(found.tenant_id):
        if request.method == "POST":
            decide = {
                "subscribe": subscribing.resubscribe,
                "unsubscribe": subscribing.unsubscribe,
            }.get(request.POST.get("action", ""))
            if decide is None:
                return HttpResponse(status=HTTPStatus.BAD_REQUEST)
            decide(found, _decision(request, "preference_page", "/p/"))
        subscription = _subscription(found)
    return _page(request, "messaging/preferences.html", token, subscription)


@transaction.non_atomic_requests
@_readable
def open_pixel(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with the picture, whatever becomes of the record."""
    link = _link(token)
    if "1" not in {request.headers.get("Sec-GPC"), request.headers.get("DNT")}:
        _keep(tracking.record_open, request, link)
    return HttpResponse(_GIF, content_type="image/gif", headers=_PRIVATE)


@transaction.non_atomic_requests
@_readable
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the target, whatever becomes of the record."""
    link = _link(token)
    if not link.url:
        raise Http404
    _keep(tracking.record_click, request, link)
    return HttpResponseRedirect(link.url, headers=_PRIVATE)


def _keep(record: Callable[[LinkToken, Hit], None], request: HttpRequest, link: LinkToken) -> None:
    try:
        with tenant_scope(link.tenant_id):
            record(link, _hit(request))
    except DatabaseError:
        log.exception("touch_lost", tenant=link.tenant_id, message=link.message_id)


def _recipient(token: str) -> RecipientToken:
    try:
        return tokens.read_recipient_token(token)
    except TokenInvalid as exc:
        raise Http404 from exc


def _link(token: str) -> LinkToken:
    try:
        return tokens.read_link_token(token)
    except TokenInvalid as exc:
        raise Http404 from exc


@transaction.atomic
def _subscription(token: RecipientToken) -> Subscription:
    found = find_subscription(token)
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, template: str, token: str, subscription: Subscription
) -> HttpResponse:
    context = {
        "subscription": subscription,
        "token": token,
        "is_changed": request.method == "POST",
    }
    response = render(request, template, context)
    for name, value in _PRIVATE.items():
        response[name] = value
    return response


def _decision(request: HttpRequest, method: str, path: str) -> subscribing.Decision:
    return subscribing.Decision(method, request.build_absolute_uri(path), _hit(request))


def _hit(request: HttpRequest) -> Hit:
    purposes = [request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz")]
    return Hit(
        method=request.method or "",
        user_agent=request.headers.get("User-Agent", ""),
        ip=_ip(request),
        is_prefetch=any("prefetch" in purpose.lower() for purpose in purposes),
        at=clock.now(),
    )


def _ip(request: HttpRequest) -> str | None:
    found = client_ip(request)
    return None if found == NOBODY else found
