"""Tells people from machines: scanners follow links and proxies load pictures.

Flagged hits are kept, but start nothing and count nowhere.
"""

from datetime import datetime, timedelta

from messaging.types import Hit

TOO_SOON = timedelta(seconds=2)
"""Nobody opens a mail so soon after it was sent."""
BURST = timedelta(seconds=5)
BURST_LINKS = 3
"""So many different links of one mail within `BURST` are a scanner's."""

_SCANNERS = (
    "barracuda",
    "bot",
    "crawler",
    "curl/",
    "go-http-client",
    "headlesschrome",
    "java/",
    "mimecast",
    "okhttp",
    "proofpoint",
    "python-",
    "safelinks",
    "scan",
    "slurp",
    "spider",
    "symantec",
    "trendmicro",
    "wget/",
    "zscaler",
)
_BARE_MOZILLA = frozenset({"mozilla/5.0", "mozilla/4.0"})


def is_bot(hit: Hit, *, sent_at: datetime | None, recent_links: int = 0) -> bool:
    """Say whether a hit is a machine's.

    Args:
        hit: the request.
        sent_at: when the mail was sent; None when that is not known.
        recent_links: different links of the same mail followed within `BURST`, this one
            included.
    """
    agent = hit.user_agent.lower()
    return (
        hit.method == "HEAD"
        or hit.is_prefetch
        or not agent
        or any(word in agent for word in _SCANNERS)
        or (sent_at is not None and hit.at - sent_at < TOO_SOON)
        or recent_links >= BURST_LINKS
    )


def is_mail_privacy(hit: Hit) -> bool:
    """Say whether a picture was loaded by Apple's Mail Privacy Protection, opened or not.

    Its proxies send the bare first word of a browser and nothing else.
    """
    return hit.user_agent.strip().lower() in _BARE_MOZILLA
