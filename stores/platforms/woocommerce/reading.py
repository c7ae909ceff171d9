"""What all objects of WooCommerce share: times in two clocks, meta data, names with entities."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from stores.platforms.fields import Json, children, instant, text
from stores.types import StoreContext

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Version of a customer whom an order names: it may create and never overwrites."""
MAX_META: Final = 50
MAX_VALUE: Final = 500
_TAG: Final = re.compile(r"<[^>]*>")
OWN: Final = "patron_"
"""How names of meta data begin that Patron writes; they are not read back."""
_NOISE: Final = (
    OWN,
    "_",
    "wp_",
    "wc_last_active",
    "default_password_nag",
    "session_tokens",
    "closed",
)
"""How names of meta data begin that WordPress keeps for itself, and those of Patron."""


def moment(payload: Json, name: str, store: StoreContext) -> datetime | None:
    """Return a time: ``<name>_gmt``, else ``<name>``, which is in the zone of the shop.

    Raises:
        Untranslatable: it is no time.
    """
    at = instant(payload, f"{name}_gmt", zone=UTC)
    return at or instant(payload, name, zone=ZoneInfo(store.timezone))


def label(payload: Json, name: str) -> str:
    """Return a name for people: WordPress keeps ``&amp;`` and now and then a tag in it."""
    found = text(payload, name)
    if "&" not in found and "<" not in found:
        return found
    return html.unescape(_TAG.sub("", found)).strip()


def read_meta(payload: Json) -> dict[str, str]:
    """Return the meta data of an object that are plain values, by key; the last one holds."""
    return {
        key: value[:MAX_VALUE]
        for item in children(payload, "meta_data")
        if (key := text(item, "key")) and (value := _plain(item))
    }


def public_meta(payload: Json) -> Mapping[str, str]:
    """Return the meta data that a plugin or the merchant added, at most so many."""
    found = {key: value for key, value in read_meta(payload).items() if not key.startswith(_NOISE)}
    return dict(list(found.items())[:MAX_META])


def _plain(item: Json) -> str:
    value = item.get("value")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text(item, "value")
