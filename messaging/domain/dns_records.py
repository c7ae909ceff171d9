"""What the records of a sending domain should say, and what is wrong with those that are there."""

import re
from collections.abc import Collection, Sequence
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


def judge_alias(alias: str, target: str, shared: Collection[str]) -> Finding:
    """Say whether a name leads to the installation.

    Args:
        alias: what the name is an alias of; empty for none.
        target: the installation's own name.
        shared: addresses that both names have, as where a provider of DNS flattens the alias.
    """
    if alias == target:
        return Finding("good", f"It leads to {target}.")
    if shared:
        return Finding("good", f"It has the same address as {target}.")
    if alias:
        return Finding("wrong", f"It leads to {alias} instead of {target}.")
    return Finding("wrong", f"It does not lead to {target}.")


def judge_return_path(domain: str, host: str, hosts: Sequence[str], spf: Finding) -> Finding:
    """Say whether bounces reach their mailbox, and speak for the domain that mails are from.

    Args:
        domain: that mails are from.
        host: domain of the address that bounces go to.
        hosts: that take its mail.
        spf: how its SPF record stands.
    """
    if not hosts:
        words = f"{host} takes no mail: it has no MX record, so bounces would be lost."
        return Finding("wrong", words)
    if spf.state != "good":
        return Finding(spf.state, f"SPF of {host}: {spf.words}")
    if host != domain and not host.endswith(f".{domain}"):
        words = f"{host} does not lie below {domain}, so its SPF says nothing about your mails."
        return Finding("wrong", words)
    return Finding("good", f"Bounces go to {hosts[0]}, and the SPF of {host} holds.")


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}
