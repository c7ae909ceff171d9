"""Where a visit came from, read of its landing page, its referrer and its campaign words. Pure.

Only the words of campaigns and the addresses of landing page and referrer without their queries are
kept: queries of shops were seen to carry addresses of people and tokens.
"""

from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from crm.choices import OrderChannel
from crm.types import Origin

MAX_LENGTH: Final = 200
MAX_ADDRESS: Final = 500
DIRECT: Final = "direct"
"""Source of a visit that says nothing: the address was typed, or the referrer was held back."""
OFFLINE: Final = "offline"
CAMPAIGN_WORDS: Final = ("source", "medium", "campaign", "content", "term")
_CLICK_IDS: Final = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "msclkid": ("bing", "cpc"),
    "ttclid": ("tiktok", "cpc"),
    "fbclid": ("facebook", "social"),
}
"""What an advertiser adds to addresses; it tells the source where no campaign words do."""
_SEARCH: Final = ("google", "bing", "duckduckgo", "yahoo", "ecosia", "baidu", "yandex", "qwant")
_SOCIAL: Final = {
    "facebook": "facebook",
    "fb": "facebook",
    "instagram": "instagram",
    "tiktok": "tiktok",
    "pinterest": "pinterest",
    "reddit": "reddit",
    "linkedin": "linkedin",
    "youtube": "youtube",
    "twitter": "twitter",
    "t.co": "twitter",
    "x.com": "twitter",
}


def read_origin(
    landing_page: str,
    referrer: str,
    words: Mapping[str, str] | None = None,
    *,
    own_hosts: Collection[str] = (),
) -> Origin | None:
    """Return where a visit came from; None when nothing at all is known of it.

    Campaign words win, then click ids, then the referrer; a visit with a landing page and none of
    them is direct. A referrer on one of the shop's own hosts says nothing.

    Args:
        landing_page: address or path, with its query.
        referrer: address of the page before.
        words: ``utm_source`` and so on, told apart from the address; they win over its query.
        own_hosts: hosts of the shop; their subdomains count too.
    """
    landing, before = _split(landing_page), _split(referrer)
    asked = {name.lower(): value for name, value in _query(landing)}
    told = asked | {name.lower(): value for name, value in (words or {}).items() if value}
    campaign = {name: told.get(f"utm_{name}", "").strip()[:MAX_LENGTH] for name in CAMPAIGN_WORDS}
    own = {host.lower().removeprefix("www.") for host in own_hosts if host}
    if landing.hostname:
        own.add(landing.hostname.removeprefix("www."))
    if _is_own(before, own):
        before = urlsplit("")
    if not any(campaign.values()):
        source, medium = _guess(told, before)
        campaign |= {"source": source, "medium": medium}
    elif not campaign["source"]:
        campaign["source"] = _guess(told, before)[0]
    page, came_from = _without_query(landing), _without_query(before)
    if campaign["source"] == DIRECT and not landing_page.strip():
        return None
    return Origin(**campaign, landing_page=page, referrer=came_from)


def origin_of_order(attribution: Mapping[str, str], channel: str) -> Origin | None:
    """Return where the visit that ended in an order came from; None when nothing is known of it.

    Args:
        attribution: ``landing_site``, ``referrer``, ``utm_source`` and so on, as platforms fill it.
        channel: a word of `OrderChannel`; a purchase at a till came from there.
    """
    words = {
        f"utm_{name}": attribution.get(f"utm_{name}") or attribution.get(name, "")
        for name in CAMPAIGN_WORDS
    }
    origin = read_origin(
        attribution.get("landing_site", ""), attribution.get("referrer", ""), words
    )
    if channel == OrderChannel.POS and (origin is None or origin.source == DIRECT):
        return Origin(str(OrderChannel.POS), OFFLINE)
    return origin


def _guess(told: Mapping[str, str], before: SplitResult) -> tuple[str, str]:
    """Return source and medium of a visit without campaign words."""
    for name, found in _CLICK_IDS.items():
        if told.get(name):
            return found
    host = (before.hostname or "").removeprefix("www.")[:MAX_LENGTH]
    if not host:
        return DIRECT, ""
    labels = host.split(".")
    for engine in _SEARCH:
        if engine in labels[:-1]:
            return engine, "organic"
    for name, network in _SOCIAL.items():
        if host == name or name in labels[:-1]:
            return network, "social"
    return host, "referral"


def _is_own(before: SplitResult, own: Collection[str]) -> bool:
    host = (before.hostname or "").removeprefix("www.")
    return any(host == name or host.endswith(f".{name}") for name in own)


def _split(address: str) -> SplitResult:
    """Return the parts of an address; of one that is none, empty parts."""
    try:
        parts = urlsplit(address.strip())
        _ = parts.hostname
    except ValueError:
        return urlsplit("")
    return parts if parts.scheme in ("", "http", "https", "android-app") else urlsplit("")


def _query(parts: SplitResult) -> list[tuple[str, str]]:
    try:
        return parse_qsl(parts.query, max_num_fields=100)
    except ValueError:
        return []


def _without_query(parts: SplitResult) -> str:
    host = parts.hostname or ""
    scheme = f"{parts.scheme}://" if parts.scheme and host else ""
    return f"{scheme}{host}{parts.path}"[:MAX_ADDRESS]
