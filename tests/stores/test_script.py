import gzip
from http import HTTPStatus

import pytest
from django.test import Client

pytestmark = pytest.mark.urls("stores.public_urls")


def test_the_script_is_served_to_every_site(client: Client) -> None:
    answer = client.get("/patron.js")
    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert b"globalPrivacyControl" in answer.content
    assert "Set-Cookie" not in answer.headers


def test_it_comes_packed_to_whoever_can_unpack_it(client: Client) -> None:
    plain = client.get("/patron.js").content
    answer = client.get("/patron.js", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content) == plain


def test_whoever_has_it_is_told_so(client: Client) -> None:
    tag = client.get("/patron.js").headers["ETag"]
    answer = client.get("/patron.js", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (HTTPStatus.NOT_MODIFIED, b"")


def test_nothing_can_be_posted_to_it(client: Client) -> None:
    assert client.post("/patron.js").status_code == HTTPStatus.METHOD_NOT_ALLOWED
