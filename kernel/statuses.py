"""The tone, icon and word of each status, so that one state looks the same on every page."""

from typing import NamedTuple


class Look(NamedTuple):
    """How a status is shown; the tone never stands without the word."""

    tone: str
    icon: str
    word: str


_LOOKS = {
    ("good", "good"): (
        "active live published completed applied delivered connected verified approved converted"
        " subscribed succeeded fetched paid fulfilled resolved healthy complete finished"
        " enabled ready done redeemed"
    ),
    (
        "info",
        "refresh",
    ): (
        "running syncing sending processing importing retrying checking undoing fetching discarding"
    ),
    ("info", "clock"): "pending scheduled queued waiting claimed requested received",
    ("info", "good"): "sent opened clicked replied entered shipped out_for_delivery",
    ("warn", "pause"): "paused suspended held",
    ("warn", "warn"): "quarantined late degraded unverified expiring partially_refunded deferred",
    ("bad", "error"): "failed bounced complained error rejected invalid overdue down uninstalled",
    ("neutral", "blocked"): (
        "cancelled suppressed unsubscribed expired revoked skipped not_sent blocked closed"
        " exited merged voided declined hidden"
    ),
    ("neutral", "return"): "refunded returned reversed undone",
    (
        "neutral",
        "ring",
    ): "draft unknown ignored unchanged archived inactive disconnected never_subscribed open",
}
_BY_STATUS = {
    status: Look(tone, icon, status.replace("_", " ").capitalize())
    for (tone, icon), statuses in _LOOKS.items()
    for status in statuses.split()
}


def look_of(status: str) -> Look:
    """Return how a stored status is shown; one that is not listed is neutral."""
    key = status.lower().replace(" ", "_").replace("-", "_")
    return _BY_STATUS.get(key) or Look("neutral", "ring", key.replace("_", " ").capitalize())
