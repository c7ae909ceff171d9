"""Which addresses of the log-in exist, and which are off."""

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.tenants.routes import find_routes

ON = {
    "login/": "address and password",
    "logout/": "a form, so that no link logs anybody out",
    "inactive/": "an account that was switched off",
    "signup/": "says that it is closed unless the installation opens it",
    "reauthenticate/": "the password once more",
    "email/": "change of the address",
    "confirm-email/": "says that a link is on its way",
    "confirm-email/<key>/": "the link in a mail",
    "password/change/": "",
    "password/set/": "for people without one",
    "password/reset/": "asks for the address",
    "password/reset/done/": "says that a link is on its way",
    "password/reset/key/<uidb36>-<key>/": "the link in a mail",
    "password/reset/key/done/": "",
    "login/code/confirm/": "leads to the log-in, because no codes are sent",
    "2fa/": "two-step verification",
    "2fa/authenticate/": "second step of a log-in",
    "2fa/reauthenticate/": "the code once more",
    "2fa/totp/activate/": "",
    "2fa/totp/deactivate/": "",
    "2fa/recovery-codes/": "shows new codes, once",
    "2fa/recovery-codes/generate/": "",
    "2fa/recovery-codes/download/": "refused: the page that shows them offers the file",
    "2fa/webauthn/": "passkeys",
    "2fa/webauthn/add/": "",
    "2fa/webauthn/reauthenticate/": "",
    "2fa/webauthn/login/": "log-in by passkey",
    "2fa/webauthn/keys/<int:pk>/remove/": "",
    "2fa/webauthn/keys/<int:pk>/edit/": "",
    "profile/": "ours",
    "sessions/": "ours, in the place of the library's",
    "sessions/end-others/": "ours",
    "sessions/<int:session_id>/end/": "ours",
}
OFF = (
    "account_request_login_code",
    "account_signup_by_passkey",
    "account_verify_phone",
    "account_change_phone",
    "account_confirm_password_reset_code",
    "mfa_signup_webauthn",
    "mfa_trust",
    "socialaccount_connections",
)


def test_the_addresses_of_the_log_in_are_those_that_are_written() -> None:
    found = {path.replace("(?P<uidb36>", "<uidb36>") for path in find_routes("accounts/")}
    assert {_plain(path) for path in found} == set(ON)


@pytest.mark.parametrize("name", OFF)
def test_what_is_off_has_no_address(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    "path",
    [
        "profile/",
        "email/",
        "password/change/",
        "2fa/",
        "2fa/webauthn/",
        "2fa/totp/activate/",
        "sessions/",
        "sessions/end-others/",
    ],
)
def test_the_account_is_for_people_who_are_logged_in(db: None, path: str) -> None:
    method = "post" if "end" in path else "get"
    answer = getattr(Client(), method)(f"/accounts/{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_no_link_logs_anybody_out(db: None, client: Client) -> None:
    assert client.get("/accounts/logout/").status_code in {200, 302}


def _plain(path: str) -> str:
    return path.replace("^", "").replace("$", "")
