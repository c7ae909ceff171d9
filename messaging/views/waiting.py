"""The page of a waiting list: an address, and a variant that is sold out.

The shop leads to it from its product pages. The key names tenant and shop; GET keeps nothing.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from crm.choices import Channel
from crm.services.addresses import address_hash
from kernel.asked import read_text
from kernel.errors import Conflict
from kernel.requests import client_ip
from kernel.tenancy import tenant_scope
from messaging.choices import QuestionKind
from messaging.domain.signup import Question
from messaging.errors import TokenInvalid
from messaging.panels import is_heard
from messaging.queries.brand import look_of_brand
from messaging.queries.waiting_lists import Waited, find_waited
from messaging.services import signup_guard
from messaging.services.signup_fields import AnswersForm
from messaging.services.tokens import read_waiting_key
from messaging.services.waiting_lists import ASKED, wait_for
from messaging.views.edges import answerable
from messaging.views.hits import PRIVATE
from messaging.views.theme import write_theme

_QUESTIONS: Final = (Question("email", QuestionKind.EMAIL, "Your email address", is_required=True),)
_SLOW: Final = "That was too fast. Press the button once more."
_OFTEN: Final = "This address is on many of our lists already. Please try again tomorrow."
_BY_ADDRESS: Final = (5, 86_400)
"""What may be asked for in the name of one e-mail address, in so many seconds."""
_KEPT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page shows.

    Attributes:
        answers: None once they are kept.
        is_open: whether anybody would be told, so that it may be asked for an address.
    """

    wanted: Waited
    answers: AnswersForm | None
    is_open: bool


@csrf_exempt  # it keeps no cookie, as the pages of sign-up forms
@transaction.non_atomic_requests
@answerable
def waiting_page(request: HttpRequest, key: str) -> HttpResponse:
    """Ask for an address to which it is told that a variant is back; keep it on POST."""
    tenant_id, store_id = _read(key)
    with tenant_scope(tenant_id):
        with transaction.atomic():
            wanted = find_waited(store_id, read_text(request, "variant"))
            is_open = is_heard(ASKED)
        if wanted is None:
            raise Http404
        answers = AnswersForm(_QUESTIONS, request.POST if request.method == "POST" else None)
        is_kept = (
            answers.is_bound
            and is_open
            and not wanted.can_be_bought  # so that nothing is sent as soon as anybody asks
            and _take(request, store_id, wanted, answers, key)
        )
        shown = _Shown(wanted, None if is_kept else answers, is_open=is_open)
        return _show(request, shown, key)


@require_safe
def theme(request: HttpRequest, key: str) -> HttpResponse:
    """Return the brand's colours as a style sheet for the page of a waiting list."""
    del request
    tenant_id, _ = _read(key)
    with tenant_scope(tenant_id):
        return write_theme(look_of_brand(), f"max-age={_KEPT_SECONDS}")


def _take(
    request: HttpRequest, store_id: int, wanted: Waited, answers: AnswersForm, key: str
) -> bool:
    """Keep what was sent; says whether whoever sent it is thanked."""
    if request.POST.get(signup_guard.TRAP):
        return True
    ticket, name = request.POST.get("ticket", ""), f"waiting:{store_id}"
    if not signup_guard.is_ticket(ticket, key) or signup_guard.is_too_fast(ticket):
        answers.add_error(None, _SLOW)
    elif signup_guard.wait_for_turn(name, client_ip(request)):
        answers.add_error(None, "Too many ask at this moment. Please try again in ten minutes.")
    if not answers.is_valid():
        return False
    email = answers.read_answers()["email"]
    digest = address_hash(Channel.EMAIL.value, email)
    if signup_guard.count_turn(f"waiting:{digest}", *_BY_ADDRESS):
        answers.add_error(None, _OFTEN)
        return False
    try:
        wait_for(store_id, wanted, email, UUID(request.POST.get("id", "")))
    except (Conflict, ValueError):
        answers.add_error(None, "That did not work. Press the button once more.")
        return False
    return True


def _show(request: HttpRequest, shown: _Shown, key: str) -> HttpResponse:
    with transaction.atomic():
        look = look_of_brand()
        context: dict[str, Any] = {
            "wanted": shown.wanted,
            "answers": shown.answers,
            "is_open": shown.is_open,
            "key": key,
            "subscription": {"merchant": look.name, "brand": look},
            "trap": signup_guard.TRAP,
            "ticket": request.POST.get("ticket") or signup_guard.make_ticket(key, ""),
            "sent_key": request.POST.get("id") or uuid4(),
        }
    has_faults = shown.answers is not None and bool(shown.answers.errors)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if has_faults else HTTPStatus.OK
    response = render(request, "messaging/waiting.html", context, status=status)
    response["Cache-Control"] = PRIVATE["Cache-Control"]
    return response


def _read(key: str) -> tuple[int, int]:
    try:
        return read_waiting_key(key)
    except TokenInvalid as exc:
        raise Http404 from exc
