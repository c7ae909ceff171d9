"""Parts of a page that keep themselves up to date: asked for again, sent only when they changed."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString

SECONDS = 5
_SEEN = "seen"
_MARK_LENGTH = 16


def render_live(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    name: str,
    url: str,
    seconds: int | None = SECONDS,
) -> SafeString:
    """Render a part that asks ``url`` for itself every few seconds.

    Args:
        request: of the page or of the part.
        template: of the content, without forms: each answer is compared with the last one.
        context: of the template.
        name: unique on the page.
        url: address, with its query, of a view that answers by `answer_live`.
        seconds: between two questions; None for a part that changes no more.
    """
    content = render_to_string(template, dict(context), request)
    mark = hashlib.sha256(content.encode()).hexdigest()[:_MARK_LENGTH]
    sign = "&" if "?" in url else "?"
    return render_to_string(
        "components/live.html",
        {
            "content": content,
            "mark": mark,
            "name": name,
            "seconds": seconds,
            "url": f"{url}{sign}{_SEEN}={mark}",
        },
        request,
    )


def answer_live(request: HttpRequest, part: SafeString) -> HttpResponse:
    """Answer with a part made by `render_live`; 204 when the asker has it already."""
    seen = request.GET.get(_SEEN, "")
    if seen and f'data-mark="{seen}"' in part:
        return HttpResponse(status=204)
    response = HttpResponse(part)
    patch_vary_headers(response, ["HX-Request"])
    return response


def read_query(request: HttpRequest) -> str:
    """Return the query of a part's address without the mark, with ``?`` when there is one."""
    query = request.GET.copy()
    query.pop(_SEEN, None)
    return f"?{query.urlencode()}" if query else ""
