"""Sign-up forms for the world: what draws them, what takes what people send, and their own page.

The key in the address names the tenant, whose scope is opened here. Other people's pages call the
addresses below ``/forms/`` from their own origin: they set no cookie, read none, and answer
everybody.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from kernel import clock
from kernel.errors import Conflict
from kernel.requests import client_ip
from kernel.tenancy import tenant_scope
from messaging.domain.signup import read_questions, split_key
from messaging.models import SignUpForm
from messaging.queries import signup as reads
from messaging.queries.brand import look_of_brand
from messaging.services import signup_guard, submitting
from messaging.services.signup_fields import AnswersForm
from messaging.services.submitting import Sent
from messaging.views.hits import PRIVATE, read_hit
from messaging.views.theme import write_theme
from tenants.queries import get_tenant

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PREFLIGHT: Final = {
    **CORS,
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
KEPT_SECONDS: Final = 60
"""How long a browser keeps what a form looks like."""
MAX_BODY: Final = 20_000
MAX_URL: Final = 2_000
MAX_ID: Final = 200
TOO_FAST: Final = "That was too fast. Press the button once more."
CHANGED: Final = "This form has changed. Read it once more, then press the button."
NOWHERE: Final = (0, "")
"""Tenant and token of a key that was never made: no tenant has this id."""

_answerable = require_http_methods(["GET", "HEAD", "POST"])


class _Wrong(Exception):
    """A body that no form of ours sends."""


@transaction.non_atomic_requests
@require_safe
def definition(request: HttpRequest, key: str) -> HttpResponse:
    """Tell a script what a form looks like."""
    tenant_id, token = split_key(key) or NOWHERE
    with tenant_scope(tenant_id), transaction.atomic():
        form = reads.find_live_form(token)
        if form is None:
            return _gone()
        found = _describe(form, key)
    kept = {"Cache-Control": f"public, max-age={KEPT_SECONDS}"}
    return JsonResponse(found, headers={**CORS, **kept})


@csrf_exempt  # other people's pages send it, without any cookie
@transaction.non_atomic_requests
@require_http_methods(["POST", "OPTIONS"])
def take(request: HttpRequest, key: str) -> HttpResponse:
    """Take what somebody sent on a form that a script drew."""
    if request.method == "OPTIONS":
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=PREFLIGHT)
    tenant_id, token = split_key(key) or NOWHERE
    try:
        body = _read_body(request)
        body["id"] = UUID(str(body.get("id")))
    except (_Wrong, ValueError):
        return _answer({"detail": "The body cannot be read."}, HTTPStatus.BAD_REQUEST)
    if body.get("trap"):
        return _answer({"ok": True})
    with tenant_scope(tenant_id):
        form = _find_live(token)
        return _gone() if form is None else _take(request, form, key, body)


@csrf_exempt  # as above
@transaction.non_atomic_requests
@require_http_methods(["POST", "OPTIONS"])
def seen(request: HttpRequest, key: str) -> HttpResponse:
    """Count that somebody saw a form; nothing is kept of them."""
    if request.method == "OPTIONS":
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=PREFLIGHT)
    tenant_id, token = split_key(key) or NOWHERE
    with tenant_scope(tenant_id):
        form = _find_live(token)
        if form is not None:
            _note_view(request, form)
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=CORS)


@csrf_exempt  # a page of its own keeps no cookie either
@transaction.non_atomic_requests
@_answerable
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Show the page of a form; the script draws over what works without it."""
    tenant_id, token = _split(key)
    with tenant_scope(tenant_id):
        form = _find_live(token)
        if form is None:
            raise Http404
        if request.method == "POST":
            return _take_page(request, form, key)
        if not read_hit(request).is_prefetch and request.method == "GET":
            _note_view(request, form)
        return _show_page(request, form, key, _answers_of(form))


@require_safe
def theme(request: HttpRequest, key: str) -> HttpResponse:
    """Return the brand's colours as a style sheet for the page of a form."""
    tenant_id, _ = _split(key)
    with tenant_scope(tenant_id):
        look = look_of_brand()
    return write_theme(look, f"max-age={KEPT_SECONDS}")


def _note_view(request: HttpRequest, form: SignUpForm) -> None:
    if signup_guard.may_count_view(form.pk, client_ip(request)):
        submitting.note_view(form.pk, clock.now())


def _take(request: HttpRequest, form: SignUpForm, key: str, body: dict[str, Any]) -> HttpResponse:
    ticket = str(body.get("ticket", ""))
    if wait := _refuse(request, form, key, ticket):
        return _slow_down(wait)
    if not signup_guard.is_current(ticket, key, reads.terms_of(form)):
        with transaction.atomic():
            return _answer({"form": _describe(form, key)}, HTTPStatus.CONFLICT)
    answers = _read_answers(form, body.get("values"))
    if not answers.is_valid():
        return _answer({"errors": answers.read_errors()}, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _submit(form, _sent(request, form, answers, body))


def _take_page(request: HttpRequest, form: SignUpForm, key: str) -> HttpResponse:
    body: dict[str, Any] = {name: request.POST.get(name, "") for name in ("ticket", "agreed", "id")}
    if request.POST.get(signup_guard.TRAP):
        return _show_page(request, form, key, None)
    answers = _answers_of(form, request.POST)
    if _refuse(request, form, key, body["ticket"]):
        answers.add_error(None, TOO_FAST)
    elif not signup_guard.is_current(body["ticket"], key, reads.terms_of(form)):
        answers.add_error(None, CHANGED)
    if not answers.is_valid():
        return _show_page(request, form, key, answers)
    try:
        body["id"] = UUID(body["id"])
    except ValueError:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    body["url"] = request.build_absolute_uri()
    submitting.submit(form, _sent(request, form, answers, body))
    return _show_page(request, form, key, None, code=form.success_code)


def _show_page(
    request: HttpRequest,
    form: SignUpForm,
    key: str,
    answers: AnswersForm | None,
    *,
    code: str = "",
) -> HttpResponse:
    """Show the questions, or thanks where there are none left."""
    has_faults = answers is not None and bool(answers.errors)
    terms, ticket = reads.terms_of(form), request.POST.get("ticket", "")
    is_current = signup_guard.is_current(ticket, key, terms)
    with transaction.atomic():
        look = look_of_brand()
        context = {
            "form": form,
            "key": key,
            "answers": answers,
            "subscription": {"merchant": look.name, "brand": look},
            "trap": signup_guard.TRAP,
            "ticket": ticket if is_current else signup_guard.make_ticket(key, terms),
            "sent_key": request.POST.get("id") or uuid4(),
            "has_agreed": is_current and bool(request.POST.get("agreed")),
            "code": code,
        }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if has_faults else HTTPStatus.OK
    response = render(request, "messaging/form_public.html", context, status=status)
    response["Cache-Control"] = PRIVATE["Cache-Control"]
    return response


def _refuse(request: HttpRequest, form: SignUpForm, key: str, ticket: str) -> int:
    """Return for how many seconds a sender has to wait; 0 when it may be taken."""
    if not signup_guard.is_ticket(ticket, key) or signup_guard.is_too_fast(ticket):
        return signup_guard.WAIT_SECONDS
    return signup_guard.wait_for_turn(form.pk, client_ip(request))


def _submit(form: SignUpForm, sent: Sent) -> HttpResponse:
    try:
        submitting.submit(form, sent)
    except Conflict:
        return _slow_down(signup_guard.WAIT_SECONDS)
    code = {"code": form.success_code} if form.success_code else {}
    return _answer({"ok": True, **code})


def _describe(form: SignUpForm, key: str) -> dict[str, Any]:
    ticket = signup_guard.make_ticket(key, reads.terms_of(form))
    return reads.describe_form(form, look_of_brand(), key=key, ticket=ticket)


def _sent(
    request: HttpRequest,
    form: SignUpForm,
    answers: AnswersForm,
    body: Mapping[str, Any],
) -> Sent:
    return Sent(
        key=body["id"],
        answers=answers.read_answers(),
        has_agreed=bool(form.channels) and (not form.has_consent_box or bool(body.get("agreed"))),
        url=str(body.get("url") or "")[:MAX_URL],
        referrer=str(body.get("referrer") or "")[:MAX_URL],
        anonymous_id=str(body.get("anonymousId") or "")[:MAX_ID],
        hit=read_hit(request),
    )


def _answers_of(form: SignUpForm, data: Any = None) -> AnswersForm:
    with transaction.atomic():
        country = get_tenant(form.tenant_id).country
    return AnswersForm(read_questions(form.questions), data, country=country)


def _read_answers(form: SignUpForm, values: Any) -> AnswersForm:
    return _answers_of(form, values if isinstance(values, dict) else {})


@transaction.atomic
def _find_live(token: str) -> SignUpForm | None:
    return reads.find_live_form(token)


def _read_body(request: HttpRequest) -> dict[str, Any]:
    """Read JSON, whatever the sender calls it: text/plain needs no question beforehand."""
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
        raise _Wrong
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as exc:
        raise _Wrong from exc
    if not isinstance(body, dict):
        raise _Wrong
    return body


def _split(key: str) -> tuple[int, str]:
    found = split_key(key)
    if found is None:
        raise Http404
    return found


def _gone() -> HttpResponse:
    return _answer({"detail": "There is no such form."}, HTTPStatus.NOT_FOUND)


def _slow_down(seconds: int) -> HttpResponse:
    answer = _answer({"wait": seconds}, HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(seconds)
    return answer


def _answer(body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return JsonResponse(body, status=status, headers={**CORS, "Cache-Control": "no-store"})
