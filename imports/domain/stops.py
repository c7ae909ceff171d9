"""Addresses that another tool would not write to, and the names of lists, out of rows. Pure."""

import re

from crm.choices import Channel, SuppressionReason
from imports.domain.values import normal_word
from imports.types import Refused, Row, Stop

_REASONS = {
    "hard bounce": SuppressionReason.HARD_BOUNCE,
    "bounced": SuppressionReason.HARD_BOUNCE,
    "cleaned": SuppressionReason.HARD_BOUNCE,
    "invalid email": SuppressionReason.INVALID_ADDRESS,
    "invalid": SuppressionReason.INVALID_ADDRESS,
    "spam complaint": SuppressionReason.SPAM_COMPLAINT,
    "spam report": SuppressionReason.SPAM_COMPLAINT,
    "marked as spam": SuppressionReason.SPAM_COMPLAINT,
    "user suppressed": SuppressionReason.MANUAL,
    "manually suppressed": SuppressionReason.MANUAL,
    "suppressed": SuppressionReason.MANUAL,
    "true": SuppressionReason.MANUAL,
    "yes": SuppressionReason.MANUAL,
}
_NOTHING = frozenset({"", "no", "false", "none", "never", "unsubscribe", "unsubscribed"})
_BETWEEN = re.compile(r"[,;|\[\]\"]+")


def read_stops(row: Row) -> list[Stop]:
    """Return why the address of a row must not be contacted; empty: it may be.

    An unsubscribe is consent and no suppression; it is said in a column of its own.

    Raises:
        Refused: a word is not known.
    """
    stops = []
    for piece in _BETWEEN.split(row.get("suppression")):
        word = normal_word(piece)
        if word in _NOTHING:
            continue
        if word not in _REASONS:
            raise Refused(
                f"Suppression “{piece.strip()[:60]}” is not known; write hard_bounce, "
                "invalid_email, spam_complaint or user_suppressed."
            )
        if row.get("email"):
            stops.append(Stop(Channel.EMAIL, row.get("email"), _REASONS[word]))
    return stops


def has_left(row: Row) -> bool:
    """Say whether the column of suppressions says that somebody unsubscribed."""
    words = {normal_word(piece) for piece in _BETWEEN.split(row.get("suppression"))}
    return bool(words & {"unsubscribe", "unsubscribed"})


def read_lists(row: Row) -> list[str]:
    """Return the names of lists that a row is a member of."""
    pieces = (piece.strip() for piece in _BETWEEN.split(row.get("lists")))
    return list(dict.fromkeys(piece for piece in pieces if piece))
