"""Serves rendered templates and the built front end to a browser without any server.

The answers carry the product's Content-Security-Policy, so a page that breaks it fails here too.
"""

import mimetypes
from pathlib import Path
from typing import Any

from django.conf import settings
from playwright.sync_api import Page, Route

ADDRESS = "http://patron.test"
DIST = Path(settings.BASE_DIR) / "static" / "dist"


def policy() -> str:
    """Return the policy of the settings as one header."""
    directives: dict[str, list[str]] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def serve(page: Page, pages: dict[str, str], data: dict[str, Any] | None = None) -> None:
    """Answer the page's requests.

    Args:
        page: whose requests are answered.
        pages: HTML by path.
        data: JSON by path.
    """

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS).split("?")[0]
        if path in pages:
            route.fulfill(
                body=pages[path],
                content_type="text/html; charset=utf-8",
                headers={"Content-Security-Policy": policy()},
            )
        elif data and path in data:
            route.fulfill(json=data[path])
        elif path.startswith("/static/"):
            file = DIST / path.removeprefix("/static/")
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            route.fulfill(path=file, content_type=kind)
        else:  # parts that keep themselves up to date have nothing new
            is_part = route.request.headers.get("hx-request") == "true"
            route.fulfill(status=204 if is_part else 404, body="")

    page.route(f"{ADDRESS}/**", answer)
