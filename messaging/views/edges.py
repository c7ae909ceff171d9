"""Public edges of a mail: unsubscribe, preferences, the pixel and tracked links.

Each address carries a signed token that names the tenant, whose scope is opened here. GET and
HEAD change no subscription: scanners of mail follow every link. Nothing needs a log-in or a
cookie.
"""

import functools
from base64 import b64decode
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import structlog
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.choices import Channel
from kernel import clock
from kernel.tenancy import tenant_scope
from messaging.choices import Frequency
from messaging.errors import TokenInvalid
from messaging.queries.preferences import PreferencePage, find_preferences
from messaging.queries.recipients import Subscription, find_subscription
from messaging.services import signup_guard, subscribing, tokens, tracking
from messaging.services.copies import ask_copy
from messaging.services.preferring import PAUSES, Wanted, save_preferences
from messaging.types import Hit, LinkToken, RecipientToken
from messaging.views.hits import PRIVATE, read_hit

log = structlog.get_logger(__name__)

MOST_TOPICS = 50
_GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_readable = require_http_methods(["GET", "HEAD"])
answerable = require_http_methods(["GET", "HEAD", "POST"])
_ANSWERS: Final = (10, 3_600)
"""How much one message may be answered on one of its pages, in so many seconds."""
View = Callable[[HttpRequest, str], HttpResponse]


@csrf_exempt  # the token proves who asks; a mail program's POST brings no cookie
@transaction.non_atomic_requests
@answerable
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET; end promotional e-mail on POST (RFC 8058 and the page's own button)."""
    found = find_recipient(token)
    is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    with tenant_scope(found.tenant_id):
        if request.method == "POST":
            method = "one_click" if is_one_click else "unsubscribe_page"
            subscribing.unsubscribe(found, _decision(request, method, "/u/"))
        if is_one_click:
            return HttpResponse("You are unsubscribed.", content_type="text/plain", headers=PRIVATE)
        subscription = _subscription(found)
    return show_page(request, "messaging/unsubscribe.html", token, subscription)


@csrf_exempt  # as above
@transaction.non_atomic_requests
@answerable
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a recipient gets, and change it on POST."""
    found = find_recipient(token)
    is_copy_sent = False
    with tenant_scope(found.tenant_id):
        if request.method == "POST":
            decision = _decision(request, "preference_page", "/p/")
            match request.POST.get("action", ""):
                case "subscribe":
                    subscribing.resubscribe(found, decision)
                case "unsubscribe":
                    subscribing.unsubscribe(found, decision)
                case "stop_sms" | "stop_whatsapp" | "stop_push" as action:
                    channel = Channel(action.removeprefix("stop_"))
                    subscribing.stop_channel(found, channel, decision)
                case "copy":
                    is_copy_sent = ask_copy(found)
                case "save":
                    save_preferences(found, _wanted(request), decision)
                case _:
                    return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        shown = _preferences(found)
    extra = {
        "shown": shown,
        "is_copy_sent": is_copy_sent,
        "frequencies": Frequency.choices,
        "pauses": PAUSES,
        "tenant": shown.subscription,  # in whose zone times are written
    }
    return show_page(request, "messaging/preferences.html", token, shown.subscription, **extra)


@transaction.non_atomic_requests
@_readable
def open_pixel(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with the picture, whatever becomes of the record."""
    link = _link(token)
    if "1" not in {request.headers.get("Sec-GPC"), request.headers.get("DNT")}:
        _keep(tracking.record_open, request, link)
    return HttpResponse(_GIF, content_type="image/gif", headers=PRIVATE)


@transaction.non_atomic_requests
@_readable
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the target, whatever becomes of the record."""
    link = _link(token)
    if not link.url:
        raise Http404
    _keep(tracking.record_click, request, link)
    return HttpResponseRedirect(link.url, headers=PRIVATE)


def _keep(record: Callable[[LinkToken, Hit], None], request: HttpRequest, link: LinkToken) -> None:
    try:
        with tenant_scope(link.tenant_id):
            record(link, read_hit(request))
    except DatabaseError:
        log.exception("touch_lost", tenant=link.tenant_id, message=link.message_id)


def find_recipient(token: str) -> RecipientToken:
    """Return what the address of a recipient's page carries; one that is not ours is not found."""
    try:
        return tokens.read_recipient_token(token)
    except TokenInvalid as exc:
        raise Http404 from exc


def page_of_message(
    name: str,
) -> Callable[[Callable[[HttpRequest, str, RecipientToken], HttpResponse]], View]:
    """Make a view the page on which somebody answers one message; who answers too often waits.

    The view gets the token of the address, and what it carries, in the scope of its tenant.

    Args:
        name: of the page, by which answers are counted.
    """

    def wrap(view: Callable[[HttpRequest, str, RecipientToken], HttpResponse]) -> View:
        @csrf_exempt  # the token proves who asks; nobody is logged in here
        @transaction.non_atomic_requests
        @answerable
        @functools.wraps(view)
        def page(request: HttpRequest, token: str) -> HttpResponse:
            link = find_recipient(token)
            counted = f"{name}:{link.tenant_id}:{link.message_id}"
            if request.method == "POST" and (wait := signup_guard.count_turn(counted, *_ANSWERS)):
                headers = {"Retry-After": str(wait)}
                return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)
            with tenant_scope(link.tenant_id):
                return view(request, token, link)

        return page

    return wrap


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


@transaction.atomic
def _preferences(token: RecipientToken) -> PreferencePage:
    found = find_preferences(token, clock.now())
    if found is None:
        raise Http404
    return found


def _wanted(request: HttpRequest) -> Wanted:
    """Read the form; what does not exist is left out."""
    pause = request.POST.get("pause", "")
    frequency = request.POST.get("frequency", "")
    return Wanted(
        topics=_ids(request, "topics"),
        shown=_ids(request, "shown"),
        frequency=frequency if frequency in Frequency.values else Frequency.ALL.value,
        pause_days=int(pause) if pause in {"0", *map(str, PAUSES)} else None,
    )


def _ids(request: HttpRequest, name: str) -> frozenset[int]:
    given = request.POST.getlist(name)[:MOST_TOPICS]
    return frozenset(int(each) for each in given if each.isascii() and each.isdigit())


def show_page(
    request: HttpRequest,
    template: str,
    token: str,
    subscription: Subscription,
    **extra: object,
) -> HttpResponse:
    """Return a page of one recipient, which nobody else may keep."""
    context = {
        "subscription": subscription,
        "token": token,
        "is_changed": request.method == "POST",
        **extra,
    }
    response = render(request, template, context)
    for name, value in PRIVATE.items():
        response[name] = value
    return response


def _decision(request: HttpRequest, method: str, path: str) -> subscribing.Decision:
    return subscribing.Decision(method, request.build_absolute_uri(path), read_hit(request))
