"""Where the interfaces of mail providers are, by region; nobody can name another address."""

from http import HTTPStatus
from typing import Final

from kernel.http import Client, HttpUnavailable
from messaging.channels.base import Account

CHECK_SECONDS: Final = 10.0
US: Final = "us"
EU: Final = "eu"
REST: Final = "rest"

API_URLS: Final[dict[tuple[str, str], str]] = {
    ("brevo", US): "https://api.brevo.com/v3/",
    ("mailersend", US): "https://api.mailersend.com/v1/",
    ("mailgun", US): "https://api.mailgun.net/v3/",
    ("mailgun", EU): "https://api.eu.mailgun.net/v3/",
    ("mailjet", US): "https://api.mailjet.com/v3.1/",
    ("mailjet", REST): "https://api.mailjet.com/v3/REST/",
    ("postmark", US): "https://api.postmarkapp.com/",
    ("resend", US): "https://api.resend.com/",
    ("sparkpost", US): "https://api.sparkpost.com/api/v1/",
    ("sparkpost", EU): "https://api.eu.sparkpost.com/api/v1/",
}
"""By provider and region; one with a single address has it under ``us``."""


def api_url(account: Account) -> str:
    """Return where an account's provider takes requests, with a slash at the end."""
    region = str(account.options.get("region") or US).strip().lower()
    return API_URLS.get((account.provider, region)) or API_URLS[account.provider, US]


def check_key(
    url: str,
    *,
    headers: dict[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    fine: bytes = b"",
) -> str:
    """Ask a provider something harmless with a key; empty when the key works, else plain words.

    Args:
        url: what is asked for.
        headers: with the key.
        auth: name and password where the provider wants those.
        fine: words of a refusal that show that the key is known all the same.
    """
    try:
        with Client(CHECK_SECONDS) as client:
            answer = client.get(url, headers=headers, auth=auth)
    except HttpUnavailable as exc:
        return f"The provider could not be asked: {exc}."
    if answer.status < HTTPStatus.MULTIPLE_CHOICES or (fine and fine in answer.body):
        return ""
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "The provider does not know this key, or the key may not do this."
    return f"The provider answered with status {answer.status}."
