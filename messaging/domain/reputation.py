"""When bounces, complaints and the like are too many, and what to do about it. Pure."""

from dataclasses import dataclass
from typing import Final

ENOUGH: Final = 200
"""Fewer mails than this say nothing about a rate."""
GOOD: Final = "good"
WARN: Final = "warn"
BAD: Final = "bad"
NONE: Final = ""
"""There is too little to judge."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One rate and its bands.

    Attributes:
        key: property of a tally.
        label: heading of its column.
        warn: from this share on it is worth a look.
        bad: from this share on it harms.
        formula: how it is computed, for people.
        advice: what to do once it is worth a look.
        alarm: what to do once it harms.
    """

    key: str
    label: str
    warn: float
    bad: float
    formula: str
    advice: str
    alarm: str

    def judge(self, rate: float, sent: int) -> str:
        """Return the tone of a rate among so many mails."""
        if sent < ENOUGH:
            return NONE
        return BAD if rate >= self.bad else WARN if rate >= self.warn else GOOD


HARD: Final = Measure(
    key="hard_rate",
    label="Hard bounces",
    warn=0.01,
    bad=0.02,
    formula="Mails to dead addresses ÷ mails sent. Below 1% is fine, from 2% on it harms.",
    advice="Look where the dead addresses came from, such as an old file or a form without "
    "double opt-in.",
    alarm="Stop writing to people from the newest import or form, and remove addresses that "
    "nobody confirmed.",
)
SOFT: Final = Measure(
    key="soft_rate",
    label="Put off or blocked",
    warn=0.05,
    bad=0.1,
    formula="Mails that bounced for another reason ÷ mails sent. Below 5% is fine, from 10% on "
    "it harms.",
    advice="Read what the mail servers say in the list of bounced messages.",
    alarm="Send more slowly, and see that SPF, DKIM and DMARC below are in place: providers "
    "refuse your mail for who sends it.",
)
COMPLAINTS: Final = Measure(
    key="complaint_rate",
    label="Marked as spam",
    warn=0.001,
    bad=0.003,
    formula="Mails marked as spam ÷ mails that arrived. Below 0.1% is fine, from 0.3% on "
    "Gmail and Yahoo block.",
    advice="Write to people who opened or clicked lately, and make the way out easy to see.",
    alarm="Pause campaigns to everybody but people who clicked within 30 days until it falls.",
)
UNSUBSCRIBES: Final = Measure(
    key="unsubscribe_rate",
    label="Unsubscribed",
    warn=0.005,
    bad=0.01,
    formula="Mails from which somebody unsubscribed ÷ mails that arrived. Below 0.5% is fine.",
    advice="Write less often, and let people choose topics.",
    alarm="Write less often, and only what people signed up for.",
)
MEASURES: Final = (HARD, SOFT, COMPLAINTS, UNSUBSCRIBES)

_LOW: Final = 0.5


def opens_too_low(rate: float, sent: int, overall: float) -> bool:
    """Say whether people at one provider open so much less that mail may land in spam there.

    Args:
        rate: of the provider.
        sent: mails to it.
        overall: the rate of all mailboxes.
    """
    return sent >= ENOUGH and rate < overall * _LOW
