"""The page on which somebody sends an order back; GET asks nothing, as scanners follow links."""

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse

from crm.choices import ReturnStatus
from crm.queries.giving_back import GivingBack, find_giving_back
from crm.services.giving_back import MOST_WORDS, REASONS, ask_back, move_return, read_wanted
from kernel import clock
from kernel.errors import DomainError
from messaging.queries.recipients import Subscription, find_ordered
from messaging.types import RecipientToken
from messaging.views.edges import page_of_message, show_page


@page_of_message("return")
def return_page(request: HttpRequest, token: str, link: RecipientToken) -> HttpResponse:
    """Show what of an order can go back; on POST open a return of it, or call one off."""
    fault = ""
    subscription, found = _find(link)
    if request.method == "POST":
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
        if found.asked is not None and request.POST.get("return_id") == str(found.asked.pk):
            move_return(found.asked.pk, ReturnStatus.CANCELLED)
        return
    ask_back(found.order.pk, read_wanted(request.POST, found))
