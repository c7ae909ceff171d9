"""What the records of a sending domain should say, and what is wrong with those that are there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_LOOKUPS: Final = 10
"""Look-ups that an SPF record may cause (RFC 7208, 4.6.4)."""
_COUNTED = re.compile(r"^[+?~-]?(include|a|mx|ptr|exists)(?:[:/]|$)|^(redirect)=", re.IGNORECASE)
_FOLLOWED = re.compile(r"^[+?~-]?include:(.+)$|^redirect=(.+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one record stands.

    Attributes:
        state: ``good``, ``missing``, ``wrong``, or ``unknown`` when nobody answered.
        words: what people read.
    """

    state: str
    words: str


def dkim_record(public_key: str) -> str:
    """Return what the DKIM record says."""
    return f"v=DKIM1; k=rsa; p={public_key}"


def judge_dkim(texts: Sequence[str], public_key: str) -> Finding:
    """Say whether the published key is ours."""
    keys = [_tags(text).get("p") for text in texts if "p" in _tags(text)]
    if not keys:
        return Finding("missing", "There is no key at this name yet.")
    if len(keys) > 1:
        return Finding("wrong", f"There are {len(keys)} keys at this name. Keep the one above.")
    if not keys[0]:
        return Finding("wrong", "The key is empty, which revokes it. Enter the record above.")
    if re.sub(r"\s", "", keys[0]) != public_key:
        return Finding(
            "wrong", "There is another key. Copy the record above once more, as a whole."
        )
    return Finding("good", "The key is in place; mails are signed with it.")


def judge_dmarc(texts: Sequence[str]) -> Finding:
    """Say whether the domain tells what becomes of mail that only pretends to be from it."""
    found = [text for text in texts if text.strip().lower().startswith("v=dmarc1")]
    if not found:
        return Finding("missing", "There is no DMARC record. Large mailboxes ask for one.")
    if len(found) > 1:
        return Finding(
            "wrong", f"There are {len(found)} DMARC records; mail servers then ignore them all."
        )
    policy = _tags(found[0]).get("p", "").lower()
    if policy not in {"none", "quarantine", "reject"}:
        return Finding("wrong", "The record names no policy: it needs p=none or stricter.")
    return Finding("good", f"The policy is {policy}.")


def find_spf(texts: Sequence[str]) -> list[str]:
    """Return the SPF records among the texts of a name."""
    return [text for text in texts if re.match(r"v=spf1(\s|$)", text.strip(), re.IGNORECASE)]


def spf_parts(record: str) -> tuple[int, list[str]]:
    """Return how many look-ups a record causes itself, and the names it goes on to."""
    parts = record.split()[1:]
    count = sum(_COUNTED.match(part) is not None for part in parts)
    found = (_FOLLOWED.match(part) for part in parts)
    return count, [(match[1] or match[2]).strip() for match in found if match]


def judge_spf(records: Sequence[str], *, lookups: int, include: str) -> Finding:
    """Say whether the domain lets the mail server send for it.

    Args:
        records: the SPF records of the domain.
        lookups: that they cause in all.
        include: part that must be there; empty when the installation names none.
    """
    if not records:
        return Finding("missing", "There is no SPF record.")
    if len(records) > 1:
        return Finding(
            "wrong",
            f"There are {len(records)} SPF records; mail servers then ignore them all. "
            "Merge them into one.",
        )
    if lookups > MAX_LOOKUPS:
        return Finding(
            "wrong",
            f"It takes more than {MAX_LOOKUPS} look-ups, which is all that is allowed. "
            "Remove senders that you no longer use.",
        )
    if include and include.lower() not in records[0].lower().split():
        return Finding("wrong", f"It does not name the mail server: add {include} before the end.")
    return Finding("good", f"There is one record, with {lookups} of {MAX_LOOKUPS} look-ups.")


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}
