"""Scripts that other people's pages load: built by Vite, small, kept by browsers for an hour."""

import functools
import gzip
import hashlib
import json
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from kernel.edges import EdgeAnswer, EdgeRequest

KEPT_SECONDS = 3600


class Script(NamedTuple):
    """The script as it is, packed, and the tag by which browsers ask whether they have it."""

    plain: bytes
    packed: bytes
    tag: str


def answer_script(request: EdgeRequest, source: str) -> EdgeAnswer:
    """Answer with a script, packed for whoever can unpack it; 304 to whoever has it.

    Args:
        request: of any page of the web.
        source: of an entry in Vite's manifest.
    """
    if request.method not in ("GET", "HEAD"):
        return EdgeAnswer(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"),))
    script = load_script(source)
    headers = (
        ("Content-Type", "text/javascript; charset=utf-8"),
        ("Cache-Control", f"public, max-age={KEPT_SECONDS}"),
        ("ETag", script.tag),
        ("Vary", "Accept-Encoding"),
        ("Access-Control-Allow-Origin", "*"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("X-Content-Type-Options", "nosniff"),
    )
    if request.headers.get("If-None-Match") == script.tag:
        return EdgeAnswer(HTTPStatus.NOT_MODIFIED, headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return EdgeAnswer(HTTPStatus.OK, (*headers, ("Content-Encoding", "gzip")), script.packed)
    return EdgeAnswer(HTTPStatus.OK, headers, script.plain)


@functools.cache
def load_script(source: str) -> Script:
    """Return a script of this installation, read once."""
    manifest = Path(str(settings.DJANGO_VITE["default"]["manifest_path"]))
    built = json.loads(manifest.read_text("utf-8"))[source]["file"]
    plain = (manifest.parent.parent / built).read_bytes()
    return Script(
        plain, gzip.compress(plain, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
    )
