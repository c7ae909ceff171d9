"""The visit that ended in an order: landing page, referrer and campaign words."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from stores.platforms.fields import Json, children, text

MAX_LENGTH: Final = 500
CAMPAIGN: Final = "utm_"


def read_visit(payload: Json) -> Mapping[str, str] | None:
    """Return landing page, referrer and campaign words; None where the order tells nothing.

    Words that apps leave as notes of the cart fill what the landing page lacks. The shop itself
    is no referrer, so that a visit that came back from the checkout is not told as one from there.
    """
    landing, referrer = text(payload, "landing_site"), text(payload, "referring_site")
    if _host(referrer) in _own_hosts(payload):
        referrer = ""
    found = _notes(payload) | _asked(landing)
    if "utm_source" not in found and (label := text(payload, "landing_site_ref")):
        found["utm_source"] = label
    found |= {"landing_site": landing, "referrer": referrer}
    return {name: value[:MAX_LENGTH] for name, value in found.items() if value} or None


def _notes(payload: Json) -> dict[str, str]:
    notes = [
        (text(item, "name").lower(), text(item, "value"))
        for item in children(payload, "note_attributes")
    ]
    return {name: value for name, value in notes if name.startswith(CAMPAIGN)}


def _asked(landing: str) -> dict[str, str]:
    try:
        asked = parse_qsl(urlsplit(landing).query, max_num_fields=100)
    except ValueError:
        return {}
    return {name: value for name, value in asked if name.startswith(CAMPAIGN)}


def _own_hosts(payload: Json) -> set[str]:
    status_page = _host(text(payload, "order_status_url"))
    landing = _host(text(payload, "landing_site"))
    return {status_page, landing} - {""}


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
