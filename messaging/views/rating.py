"""The page on which somebody says how an order was; GET keeps nothing, as scanners follow links."""

from http import HTTPStatus

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse

from messaging.queries.rating import RatingPage, find_rating
from messaging.services.rating import MOST_NAME, MOST_WORDS, STARS, Rated, rate
from messaging.types import RecipientToken
from messaging.views.edges import page_of_message, show_page

_LABELS = ("Bad", "Not good", "All right", "Good", "Wonderful")
_GOOD = 4


@page_of_message("rate")
def rate_page(request: HttpRequest, token: str, link: RecipientToken) -> HttpResponse:
    """Ask how an order was, and keep the answer on POST."""
    page = _page(link)
    if request.method == "POST":
        said = _said(request)
        if said is None:
            return HttpResponse(status=HTTPStatus.BAD_REQUEST)
        rate(page, said)
        page = _page(link)
    extra = {
        "page": page,
        "stars": list(zip(STARS, _LABELS, strict=True)),
        "chosen": _stars(request.GET.get("score", "")) or (page.review and page.review.rating),
        "is_good": page.review is not None and page.review.rating >= _GOOD,
        "most_words": MOST_WORDS,
        "most_name": MOST_NAME,
    }
    return show_page(request, "messaging/rate.html", token, page.subscription, **extra)


@transaction.atomic
def _page(token: RecipientToken) -> RatingPage:
    page = find_rating(token)
    if page is None:
        raise Http404
    return page


def _said(request: HttpRequest) -> Rated | None:
    stars = _stars(request.POST.get("score", ""))
    if stars is None:
        return None
    return Rated(
        stars=stars,
        words=request.POST.get("words", "").replace("\x00", ""),
        is_public=request.POST.get("is_public") == "yes",
        author=request.POST.get("author", "").replace("\x00", ""),
    )


def _stars(said: str) -> int | None:
    return int(said) if said in {str(stars) for stars in STARS} else None
