"""Headers, cookies and sessions as browsers get them."""

import json
import os
import subprocess
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from structlog.testing import capture_logs

from config.middleware import HeadersMiddleware
from kernel.embedded.environment import python
from kernel.embedded.paths import PROJECT
from tests.factories.tenants import make_tenant, sign_in

pytestmark = pytest.mark.covers("C6")
HTTPS = {
    "PATRON_PUBLIC_URL": "https://patron.example.com",
    "PATRON_BEHIND_PROXY": "true",
    "PATRON_EMBEDDED": "false",
}
LOOK = """
import json
from django.conf import settings
names = {names!r}
print(json.dumps({{name: getattr(settings, name) for name in names}}))
"""


def settings_of(env: dict[str, str], *names: str) -> dict[str, Any]:
    """Return settings as a process with these variables has them."""
    done = subprocess.run(
        python("-c", LOOK.format(names=names)),
        cwd=PROJECT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PATRON_ENV_FILE": os.devnull,
            **env,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_https_brings_strict_cookies_hsts_and_one_host() -> None:
    expected = {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "CSRF_COOKIE_SECURE": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
        "ALLOWED_HOSTS": ["patron.example.com", "127.0.0.1", "localhost"],
        "CSRF_TRUSTED_ORIGINS": ["https://patron.example.com"],
    }
    assert settings_of(HTTPS, *expected) == expected


def test_on_ones_own_machine_nothing_promises_https() -> None:
    env = {"PATRON_PUBLIC_URL": "http://127.0.0.1:8000", "PATRON_EMBEDDED": "1"}
    expected = {
        "SESSION_COOKIE_NAME": "sessionid",
        "SESSION_COOKIE_SECURE": False,
        "SECURE_HSTS_SECONDS": 0,
        "SECURE_SSL_REDIRECT": False,
        "SECURE_PROXY_SSL_HEADER": None,
        "ALLOWED_HOSTS": ["*"],
    }
    assert settings_of(env, *expected) == expected


def test_mail_over_ssl_is_sent_over_ssl() -> None:
    env = {"EMAIL_URL": "smtp+ssl://user:word@mail.example.com:465"}
    expected = {"EMAIL_USE_SSL": True, "EMAIL_USE_TLS": False, "EMAIL_PORT": 465}
    assert settings_of(env, *expected) == expected


@pytest.mark.django_db
def test_every_page_carries_the_headers(client: Client) -> None:
    headers = client.get("/accounts/login/").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.django_db
def test_a_proxy_that_is_not_declared_is_told_once(client: Client) -> None:
    middleware = HeadersMiddleware(lambda request: client.get("/healthz"))
    request = client.get("/healthz", headers={"X-Forwarded-Proto": "https"}).wsgi_request

    with capture_logs() as lines:
        middleware(request)
        middleware(request)

    told = [line for line in lines if line["event"] == "proxy_not_declared"]
    assert [line["setting"] for line in told] == ["PATRON_BEHIND_PROXY"]


@pytest.mark.django_db(databases=["default", "sys"])
def test_a_session_outlives_an_emptied_cache() -> None:
    tenant = make_tenant()
    member = sign_in(tenant)
    assert member.get(f"/t/{tenant.slug}/").status_code == 200

    cache.clear()

    assert member.get(f"/t/{tenant.slug}/").status_code == 200


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/invitations/a-secret-token/", "/invitations/…/"),
        ("/accounts/password/reset/key/1-a-secret-token/", "/accounts/password/reset/key/1-…/"),
        ("/v/a-secret-token", "/v/…"),
    ],
)
def test_the_log_names_no_token_that_lets_somebody_in(db: None, path: str, shown: str) -> None:
    with capture_logs() as lines:
        Client().get(path)
    assert [line["path"] for line in lines if line["event"] == "request"] == [shown]
