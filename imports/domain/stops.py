"""Addresses that must not be written to, and the names of lists, out of rows. Pure."""

import re
from collections.abc import Mapping

from crm.choices import Channel, SuppressionReason
from crm.domain.identifiers import normalize_email, normalize_phone
from imports.domain.values import normal_word, without_quote
from imports.types import Options, Refused, Row, Stop

_REASONS = {
    "hard bounce": SuppressionReason.HARD_BOUNCE,
    "bounced": SuppressionReason.HARD_BOUNCE,
    "cleaned": SuppressionReason.HARD_BOUNCE,
    "invalid email": SuppressionReason.INVALID_ADDRESS,
    "invalid": SuppressionReason.INVALID_ADDRESS,
    "spam complaint": SuppressionReason.SPAM_COMPLAINT,
    "spam report": SuppressionReason.SPAM_COMPLAINT,
    "marked as spam": SuppressionReason.SPAM_COMPLAINT,
    "bounce": SuppressionReason.HARD_BOUNCE,
    "invalid address": SuppressionReason.INVALID_ADDRESS,
    "complaint": SuppressionReason.SPAM_COMPLAINT,
    "spam": SuppressionReason.SPAM_COMPLAINT,
    "manual": SuppressionReason.MANUAL,
    "user suppressed": SuppressionReason.MANUAL,
    "manually suppressed": SuppressionReason.MANUAL,
    "suppressed": SuppressionReason.MANUAL,
    "true": SuppressionReason.MANUAL,
    "yes": SuppressionReason.MANUAL,
}
_LEFT = dict.fromkeys(("unsubscribe", "unsubscribed"), SuppressionReason.MANUAL)
"""Words of somebody who left: consent in a file of people, a stop in one of stopped addresses."""
_NOTHING = frozenset({"", "no", "false", "none", "never", *_LEFT})
_BETWEEN = re.compile(r"[,;|\[\]\"]+")


def read_stops(row: Row, options: Options) -> list[Stop]:
    """Return why the address of a row must not be contacted; empty: it may be.

    An unsubscribe is consent and no suppression; it is said in a column of its own.

    Raises:
        Refused: a word is not known.
    """
    del options
    email = row.get("email")
    return [Stop(Channel.EMAIL, email, why) for why in _reasons(row, _REASONS, _NOTHING) if email]


def read_suppression(row: Row, options: Options) -> list[Stop]:
    """Return the addresses of a row of a file of nothing but suppressed ones.

    A row that names no reason, or that somebody unsubscribed, is suppressed as by hand.

    Raises:
        Refused: a word is not known, or there is no usable address.
    """
    reasons = _reasons(row, _REASONS | _LEFT, frozenset({""})) or [SuppressionReason.MANUAL]
    addresses = {
        Channel.EMAIL: normalize_email(row.get("email")),
        Channel.SMS: normalize_phone(without_quote(row.get("phone")), options.country),
    }
    named = [(channel, address) for channel, address in addresses.items() if address]
    if not named:
        text = row.get("email") or row.get("phone")
        raise Refused(
            f"“{text[:80]}” is neither an email address nor a phone number."
            if text
            else "There is no address in this row."
        )
    return [Stop(channel, address, reason) for channel, address in named for reason in reasons]


def suppression_keys(row: Row) -> list[str]:
    """Return what makes two rows be about the same address."""
    email, phone = row.get("email").lower(), without_quote(row.get("phone"))
    return [f"{email} {phone}"] if email or phone else []


def _reasons(
    row: Row, known: Mapping[str, SuppressionReason], nothing: frozenset[str]
) -> list[SuppressionReason]:
    """Return the reasons that a row names, but for words that say nothing.

    Raises:
        Refused: a word is not known.
    """
    reasons = []
    for piece in _BETWEEN.split(row.get("suppression")):
        word = normal_word(piece)
        if word in nothing:
            continue
        if word not in known:
            raise Refused(
                f"Suppression “{piece.strip()[:60]}” is not known; write hard_bounce, "
                "invalid_email, spam_complaint or user_suppressed."
            )
        reasons.append(known[word])
    return list(dict.fromkeys(reasons))


def has_left(row: Row) -> bool:
    """Say whether the column of suppressions says that somebody unsubscribed."""
    words = {normal_word(piece) for piece in _BETWEEN.split(row.get("suppression"))}
    return not words.isdisjoint(_LEFT)


def read_lists(row: Row) -> list[str]:
    """Return the names of lists that a row is a member of."""
    pieces = (piece.strip() for piece in _BETWEEN.split(row.get("lists")))
    return list(dict.fromkeys(piece for piece in pieces if piece))
