"""The page on which somebody sends an order back; GET asks nothing, as scanners follow links."""

from http import HTTPStatus

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from crm.choices import ReturnStatus
from crm.queries.giving_back import GivingBack, find_giving_back
from crm.services.giving_back import MOST_WORDS, REASONS, ask_back, move_return, read_wanted
from kernel import clock
from kernel.errors import DomainError
from kernel.tenancy import tenant_scope
from messaging.queries.recipients import Subscription, find_ordered
from messaging.services.signup_guard import count_turn
from messaging.types import RecipientToken
from messaging.views.edges import answerable, find_recipient, show_page

_MOST, _SECONDS = 10, 3_600
"""Changes that one message may bring."""


@csrf_exempt  # the token proves who asks; nobody is logged in here
@transaction.non_atomic_requests
@answerable
def return_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what of an order can go back; on POST open a return of it, or call one off."""
    link = find_recipient(token)
    is_said = request.method == "POST"
    name = f"return:{link.tenant_id}:{link.message_id}"
    if is_said and (wait := count_turn(name, _MOST, _SECONDS)):
        headers = {"Retry-After": str(wait)}
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)
    fault = ""
    with tenant_scope(link.tenant_id):
        subscription, found = _find(link)
        if is_said:
            try:
                _change(request, found)
            except DomainError as exc:
                fault = exc.detail
            subscription, found = _find(link)
    extra = {
        "found": found,
        "fault": fault,
        "reasons": REASONS,
        "most_words": MOST_WORDS,
        "is_late": clock.now() > found.until,
        "tenant": subscription,  # in whose zone times are written
    }
    return show_page(request, "messaging/return.html", token, subscription, **extra)


@transaction.atomic
def _find(token: RecipientToken) -> tuple[Subscription, GivingBack]:
    known = find_ordered(token)
    if known is None:
        raise Http404
    subscription, order = known
    return subscription, find_giving_back(order)


def _change(request: HttpRequest, found: GivingBack) -> None:
    if request.POST.get("action") == "cancel":
        if found.asked is not None:
            move_return(found.asked.pk, ReturnStatus.CANCELLED)
        return
    ask_back(found.order.pk, read_wanted(request.POST, found))
