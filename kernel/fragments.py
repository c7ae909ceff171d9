"""A list answers with its whole page, or with the part below its filters to htmx."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def answer_list(
    request: HttpRequest,
    page: str,
    fragment: str,
    context: Mapping[str, Any],
    frame: Callable[[], Mapping[str, Any]] = dict,
) -> HttpResponse:
    """Answer with the page, or with the fragment alone to an htmx request.

    Args:
        request: its header says whether htmx asks.
        page: template that includes the fragment, so that both show the same.
        fragment: template of what changes with filters, order and place.
        context: what both need.
        frame: returns what the page needs beside; not called for a fragment.
    """
    if request.headers.get("HX-Request") == "true":
        response = render(request, fragment, {**context})
    else:
        response = render(request, page, {**context, **frame()})
    patch_vary_headers(response, ["HX-Request"])
    return response
