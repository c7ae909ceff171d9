"""What sites and apps call when somebody allows push messages, or takes that back.

They stand beside the calls of tracking and show the same write key. Other people's pages call them
from their own origin, without a cookie.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.domain.identifiers import normalize_visitor_id
from kernel.errors import Conflict
from kernel.requests import client_ip
from kernel.tenancy import tenant_scope
from messaging.domain.web_push import is_push_service
from messaging.services import push_tokens
from messaging.services.accounts import as_account
from messaging.services.push_tokens import Asked
from messaging.services.signup_guard import count_turn
from messaging.views.hits import read_hit
from messaging.views.signup_public import CORS, PREFLIGHT
from stores.services.push_proof import proves
from stores.services.write_keys import find_key
from stores.types import WriteKey

MAX_BODY: Final = 10_000
MAX_TARGET: Final = 4_000
MAX_TEXT: Final = 200
MOST, SECONDS = 60, 60
"""Calls that one address may make."""
PLATFORMS: Final = ("android", "ios")
POINT_BYTES, SECRET_BYTES = 65, 16
"""Of the two keys of a subscription: a point of P-256, and a secret."""

Call = Callable[[HttpRequest, WriteKey, Mapping[str, Any]], HttpResponse]


class _Wrong(Exception):
    """A call that cannot be taken; the text says why."""


def _call(name: str) -> Callable[[Call], Callable[[HttpRequest], HttpResponse]]:
    """Answer OPTIONS, read the body, and find whose key it shows."""

    def wrap(call: Call) -> Callable[[HttpRequest], HttpResponse]:
        @csrf_exempt  # other people's pages call it, without any cookie
        @transaction.non_atomic_requests
        @require_http_methods(["POST", "OPTIONS"])
        def view(request: HttpRequest) -> HttpResponse:
            if request.method == "OPTIONS":
                return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=PREFLIGHT)
            if wait := count_turn(f"push:{name}:{client_ip(request)}", MOST, SECONDS):
                return _slow_down(wait)
            try:
                return _hear(call, request)
            except _Wrong as exc:
                return _answer({"detail": str(exc)}, HTTPStatus.BAD_REQUEST)
            except Conflict:
                text = "Repeat it."
                return _answer({"detail": text}, HTTPStatus.SERVICE_UNAVAILABLE)

        return view

    return wrap


def _hear(call: Call, request: HttpRequest) -> HttpResponse:
    body = _read_body(request)
    key = find_key(_text(body, "writeKey"))
    if key is None:
        text = "A valid write key (wk_…) is needed."
        return _answer({"detail": text}, HTTPStatus.UNAUTHORIZED)
    with tenant_scope(key.tenant_id):
        return call(request, key, body)


def _slow_down(seconds: int) -> HttpResponse:
    answer = _answer({"wait": seconds}, HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(seconds)
    return answer


@_call("key")
def public_key(request: HttpRequest, key: WriteKey, body: Mapping[str, Any]) -> HttpResponse:
    """Tell a browser with which key it subscribes."""
    with transaction.atomic():
        row = push_tokens.find_push_account("web")
        found = as_account(row).credentials.get("public_key", "") if row else ""
    if not found:
        text = "Web push is not set up. Connect it under Settings, Channels."
        return _answer({"detail": text}, HTTPStatus.NOT_FOUND)
    return _answer({"publicKey": found})


@_call("subscribe")
def subscribe(request: HttpRequest, key: WriteKey, body: Mapping[str, Any]) -> HttpResponse:
    """Keep the browser or app of somebody who allowed push messages.

    Whose it is counts where the shop signed it; without ``userHash`` it is the browser's alone.
    """
    provider, name, target, platform = _read_target(body)
    user_id, user_hash = _text(body, "userId"), _text(body, "userHash")
    if user_hash and not proves(user_id, user_hash):
        raise _Wrong("userHash is not the HMAC-SHA256 of userId with the push secret.")
    asked = Asked(
        provider=provider,
        name=name,
        target=target,
        platform=platform,
        anonymous_id=_text(body, "anonymousId"),
        user_id=normalize_visitor_id(user_id) if user_hash else "",
        source_url=_page(_text(body, "url", MAX_TARGET)),
        text_version=_text(body, "textVersion"),
        hit=read_hit(request),
    )
    if not (asked.anonymous_id or user_id):
        raise _Wrong("anonymousId or userId is needed.")
    is_kept = push_tokens.subscribe(key.store_id, asked)
    return _answer({"success": is_kept})


@_call("unsubscribe")
def unsubscribe(request: HttpRequest, key: WriteKey, body: Mapping[str, Any]) -> HttpResponse:
    """Send nothing more to a browser or app."""
    provider, name, _, _ = _read_target(body)
    return _answer({"success": push_tokens.unsubscribe(provider, name, read_hit(request))})


def _read_target(body: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return provider, name, target and platform of what a message would be handed to."""
    subscription = body.get("subscription")
    if isinstance(subscription, dict):
        return ("web", *_read_subscription(subscription), "web")
    token, platform = _text(body, "token", MAX_TARGET), _text(body, "platform")
    if not token or platform not in PLATFORMS:
        raise _Wrong("subscription, or token with platform (android, ios), is needed.")
    return "fcm", token, token, platform


def _read_subscription(subscription: Mapping[str, Any]) -> tuple[str, str]:
    endpoint, keys = _text(subscription, "endpoint", MAX_TARGET), subscription.get("keys")
    if not is_push_service(endpoint, allow_loopback=settings.OUTGOING_PRIVATE):
        raise _Wrong("The endpoint of the subscription is none of a browser's push service.")
    if not isinstance(keys, dict):
        raise _Wrong("subscription has an endpoint and keys.")
    kept = {name: _text(keys, name) for name in ("p256dh", "auth")}
    sizes = {name: _count_bytes(value) for name, value in kept.items()}
    if sizes != {"p256dh": POINT_BYTES, "auth": SECRET_BYTES}:
        raise _Wrong("The keys of the subscription cannot be read.")
    return endpoint, json.dumps({"endpoint": endpoint, "keys": kept})


def _count_bytes(value: str) -> int:
    try:
        return len(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (binascii.Error, ValueError):
        return 0


def _page(url: str) -> str:
    home = urlsplit(url)
    return f"{home.scheme}://{home.netloc}{home.path}"[:500] if home.netloc else ""


def _read_body(request: HttpRequest) -> Mapping[str, Any]:
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
        raise _Wrong("The body is too large.")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as exc:
        raise _Wrong("The body is not valid JSON.") from exc
    if not isinstance(body, dict):
        raise _Wrong("The body is not a JSON object.")
    return body


def _text(body: Mapping[str, Any], name: str, most: int = MAX_TEXT) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int) or len(str(value)) > most:
        raise _Wrong(f"{name} cannot be read.")
    return str(value).replace("\x00", "").strip()


def _answer(body: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return JsonResponse(body, status=status, headers={**CORS, "Cache-Control": "no-store"})
