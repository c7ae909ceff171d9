"""What servers ask of link domains: whether one may get a certificate, and whether it leads here.

Both are hot edges, as they are asked under names that no setting knows.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from django.db import close_old_connections

from kernel.edges import EdgeAnswer, EdgeRequest
from messaging.queries.link_domains import is_pointed_here
from messaging.services.link_domains import prove

_PLAIN: Final = (("Content-Type", "text/plain"), ("Cache-Control", "no-store"))
_LONGEST: Final = 253
_METHODS: Final = ("GET", "HEAD")


def answer_ask(request: EdgeRequest) -> EdgeAnswer:
    """Say to a proxy whether it may get a certificate for ``?domain=``: 200 is yes, 404 is no."""
    if request.method not in _METHODS:
        return EdgeAnswer(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"),))
    asked = parse_qs(str(request.environ.get("QUERY_STRING", ""))[:1_000]).get("domain", [""])[0]
    domain = asked.strip().rstrip(".").lower()
    if not domain or len(domain) > _LONGEST or "\0" in domain:
        return EdgeAnswer(HTTPStatus.NOT_FOUND, _PLAIN)
    close_old_connections()  # no signal of a request does it on a hot edge
    is_known = is_pointed_here(domain)
    return EdgeAnswer(HTTPStatus.OK if is_known else HTTPStatus.NOT_FOUND, _PLAIN)


def answer_proof(request: EdgeRequest) -> EdgeAnswer:
    """Answer what only this installation can answer under the name that was asked."""
    if request.method not in _METHODS:
        return EdgeAnswer(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"),))
    body = prove(str(request.headers.get("Host", ""))).encode()
    return EdgeAnswer(HTTPStatus.OK, _PLAIN, b"" if request.method == "HEAD" else body)
