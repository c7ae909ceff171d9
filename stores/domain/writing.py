"""What is to be written to a store, and which side wins where both differ. Pure.

Tags: those that Patron gave are Patron's, all others are the store's and are never touched.
Figures: the name space is Patron's alone, so Patron wins. Consent: the later statement wins, the
more restrictive of two equals. Codes: a code of the same name with other terms is left as it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from crm.domain.permission import NEGATIVE, counts_from, holds_over

FIRST: Final = 0
"""Urgency of what forbids something: it goes out before everything else."""
USUAL: Final = 1
MAX_PREFIX: Final = 20
METAFIELD: Final = "patron.segment_"
"""How the word of a segment begins that is a metafield of customers, and no tag."""
WRITABLE: Final = ("subscribed", "pending", "unsubscribed", "withdrawn")
"""States of consent that say something."""
OTHER_ADDRESS: Final = "The shop has another address for this customer: a yes is not carried over"
NEWER_THERE: Final = "The shop has a newer statement, which holds"

Memo = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing as it shall be at the store.

    Attributes:
        subject: the store's id of a customer, or a code in capitals.
        value: how it shall be.
        memo: what there is of ours at the store, as far as it is known.
    """

    id: int
    version: int
    subject: str
    value: Mapping[str, Any]
    memo: Memo
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done for one wish, once the store was looked at.

    Attributes:
        change: in the platform's own words; empty: nothing.
        claim: what is ours from before the change is made, should nobody learn how it ended.
        memo: what is ours once it was made.
        kept: what is ours where the store refuses the change; None: what was claimed.
        refused: why it cannot be done, for people.
        overtaken: why it need not be done, for people.
    """

    wish: Wish
    change: Mapping[str, Any] = field(default_factory=dict)
    claim: Memo | None = None
    memo: Memo | None = None
    kept: Memo | None = None
    refused: str = ""
    overtaken: str = ""


@dataclass(slots=True)
class Wrote:
    """What came of writing; wishes that are in none of the three were not written.

    Attributes:
        done: ids of wishes.
        refused: by id, why the platform does not take one.
        failed: by id, why one could not be written now, while others could.
        memos: by id, what is known to be ours only since it was written, or was refused in part.
        stopped_by: why nothing more was written; None when everything was tried.
    """

    done: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    memos: dict[int, Memo] = field(default_factory=dict)
    stopped_by: Exception | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One statement of consent; ``at`` None where nobody knows when it was made."""

    state: str
    at: datetime | None
    address: str = ""


def want_tags(tags: Sequence[str], prefix: str) -> dict[str, Any]:
    """Return the tags that a store shall have of Patron."""
    return {"tags": sorted({f"{prefix}{tag}" for tag in tags})}


def leave_tags(memo: Memo, kept: Collection[str]) -> Memo:
    """Return what is ours; tags that were left to the store are the store's now.

    Args:
        memo: of a wish; ``left`` in it are tags that were ours once.
        kept: in lower case.
    """
    tags = memo.get("tags", ())
    rest = without(tags, kept)
    if len(rest) == len(tags):
        return memo
    left = sorted({*memo.get("left", ()), *(set(tags) - set(rest))})
    return {**memo, "tags": rest, "left": left}


def without(tags: Sequence[str], left: Collection[str]) -> list[str]:
    """Return tags but for those that were left to the store, which are in lower case."""
    return [tag for tag in tags if tag.casefold() not in left]


def plan_tags(wish: Wish, there: Collection[str]) -> Step:
    """Say which tags are given and taken.

    A tag that the store had before Patron gave it stays the store's own: it is never taken.

    Args:
        wish: ``value["tags"]`` is what it shall have, ``memo["tags"]`` what Patron gave.
        there: what it has, spelt in any case.
    """
    wanted = {tag.casefold(): tag for tag in wish.value.get("tags", ())}
    known = {tag.casefold() for tag in there}
    ours = set(wish.memo.get("tags", ()))
    added = sorted(tag for name, tag in wanted.items() if name not in known)
    removed = sorted(
        tag for tag in ours if tag.casefold() in known and tag.casefold() not in wanted
    )
    given = ours | set(added)
    return Step(
        wish,
        change={"added": added, "removed": removed} if added or removed else {},
        claim={"tags": sorted(given)},
        memo={"tags": sorted(tag for tag in given if tag.casefold() in wanted)},
        kept={"tags": sorted(tag for tag in ours if tag.casefold() in known)},
    )


def part_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the words of segments into tags and keys of metafields, without the name space."""
    tags = [word for word in words if not word.startswith(METAFIELD)]
    return tags, [word.partition(".")[2] for word in words if word.startswith(METAFIELD)]


def plan_segments(wish: Wish, there: Collection[str]) -> Step:
    """Say which tags of segments are given and taken, and which metafields are set and removed.

    Args:
        wish: ``value["tags"]`` are words of segments, ``memo`` what Patron gave of both kinds.
        there: tags that the customer has, spelt in any case.
    """
    words, keys = part_words(wish.value.get("tags", ()))
    tags = plan_tags(replace(wish, value={"tags": words}), there)
    fields = plan_fields(replace(wish, value=dict.fromkeys(keys, "true")))
    if not keys and not wish.memo.get("fields"):
        return replace(tags, wish=wish)
    claimed = {**(fields.claim or {})}
    change = {
        **tags.change,
        **({"fields": fields.change} if fields.change else {}),
    }
    return Step(
        wish,
        change=change,
        claim={**(tags.claim or {}), **claimed},
        memo={**(tags.memo or {}), **(fields.memo or {})},
        kept={**(tags.kept or {}), **claimed},
    )


def plan_fields(wish: Wish) -> Step:
    """Say which figures are written and which are taken away, by what was written last."""
    written = wish.memo.get("fields", {})
    wanted = dict(wish.value)
    changed = {name: value for name, value in wanted.items() if written.get(name) != value}
    gone = sorted(set(written) - set(wanted))
    return Step(
        wish,
        change={"set": changed, "removed": gone} if changed or gone else {},
        # Names alone, so that a repeat writes them again: what was taken of them nobody knows.
        claim={"fields": {**written, **dict.fromkeys(changed)}},
        memo={"fields": wanted},
    )


def judge_consent(ours: Said, theirs: Said) -> str:
    """Say whether a statement is written to a store.

    Args:
        ours: its time is known to the second, as stores keep it.
        theirs: what the store knows; ``never`` where it knows nothing.

    Returns:
        ``write``, ``same``, or why it is not written, for people.
    """
    if _meaning(ours.state) == _meaning(theirs.state):
        return "same"
    is_negative = ours.state in NEGATIVE
    if not is_negative and ours.address != theirs.address:
        return OTHER_ADDRESS
    if theirs.state == "never":
        return "write"
    if theirs.at is None:
        # When it was said nobody knows: a “no” is written over it, a “yes” never over a “no”.
        return "write" if is_negative or theirs.state not in NEGATIVE else NEWER_THERE
    new = (ours.state, counts_from(ours.state, ours.at, theirs.at))
    return "write" if holds_over(new, (theirs.state, theirs.at)) else NEWER_THERE


def _meaning(state: str) -> str:
    return "unsubscribed" if state in NEGATIVE else state
