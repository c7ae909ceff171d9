"""What a merge keeps of both sides, and how long it can be taken back. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crm.choices import MergeRule
from crm.domain.fields import TEXT_FIELDS, ProfileFields, fill_from_merged, take_back_merged
from crm.domain.permission import CHANNELS, NEGATIVE, most_restrictive

UNDO_WITHIN = timedelta(days=30)
MERGED = "merge"
"""Method of the statement of consent that a merge makes; an undo takes it away again."""
BY_RULE = "rule:"
"""What the rule of a merge begins with, before the word of `MergeRule`."""
SEEN = ("last_opened_at", "last_clicked_at", "last_seen_at")
_STATES = tuple(f"{channel}_consent" for channel in CHANNELS)
_PLAIN = (*TEXT_FIELDS, "properties", *_STATES, "is_anonymous")
_TIMES = (*(f"{name}_at" for name in _STATES), "source_version_at", "traits_at", "created_at")
Said = tuple[str, datetime | None]
"""A state of consent and the time from which it counts."""
UNSAID: Said = ("never", None)
Seen = dict[str, datetime | None]
"""When somebody last opened, clicked and was seen, by the name of the fact."""


def can_undo(merged_at: datetime, undone_at: datetime | None, now: datetime) -> bool:
    """Say whether a merge can be taken back: once, and for 30 days."""
    return undone_at is None and now - merged_at <= UNDO_WITHIN


def write_snapshot(winner: ProfileFields, loser: ProfileFields) -> dict[str, Any]:
    """Return both sides of a merge as they were, as JSON."""
    return {"loser": _write(loser), "winner": _write(winner)}


def read_snapshot(snapshot: Mapping[str, Any], side: str) -> ProfileFields:
    """Return one side, ``winner`` or ``loser``, as it was before the merge."""
    kept = snapshot.get(side, {})
    values: dict[str, Any] = {name: kept[name] for name in _PLAIN if name in kept}
    values |= {name: _read_time(kept.get(name)) for name in _TIMES}
    return ProfileFields(**values)


def read_seen(snapshot: Mapping[str, Any], side: str) -> Seen:
    """Return when one side last opened, clicked and was seen before the merge."""
    kept = snapshot.get(f"{side}_seen", {})
    return {name: _read_time(kept.get(name)) for name in SEEN}


def read_consent(fields: ProfileFields, channel: str) -> Said:
    """Return what holds of a profile on a channel."""
    return getattr(fields, f"{channel}_consent"), getattr(fields, f"{channel}_consent_at")


def write_consent(fields: ProfileFields, channel: str, said: Said) -> None:
    """Let something hold of a profile on a channel."""
    setattr(fields, f"{channel}_consent", said[0])
    setattr(fields, f"{channel}_consent_at", said[1])


def unite_consent(kept: Said, gone: Said, now: datetime) -> tuple[str, datetime | None, bool]:
    """Return the permission that a merge leaves: the most restrictive that either side said.

    Where one side has said nothing the word of the other one holds, from its own time.

    Returns:
        State, the time from which it counts, and whether it needs a statement of the merge.
    """
    if UNSAID in (kept, gone):
        state, at = gone if kept == UNSAID else kept
        return state, at, False
    if kept[0] == gone[0]:
        return kept[0], max(filter(None, (kept[1], gone[1])), default=None), False
    return most_restrictive(sorted((kept[0], gone[0]))), now, True


def part_winner(
    winner: ProfileFields,
    before: ProfileFields,
    loser: ProfileFields,
    others: Sequence[ProfileFields],
) -> ProfileFields:
    """Return the winner of a merge as it is once that merge is undone; consent is left alone.

    Args:
        winner: as it is now.
        before: as it was before the merge.
        loser: likewise.
        others: losers of later merges, which stay part of it, oldest first.
    """
    parted = winner.copy()
    take_back_merged(parted, before, loser)
    for other in others:
        fill_from_merged(parted, other)
    return parted


def part_consent(
    winner: Said, loser: Said, others: Sequence[Said], merged_at: datetime, *, is_word: bool = True
) -> tuple[Said, Said]:
    """Say what permission each side of a merge has once it is undone.

    What was forbidden since the merge is forbidden for both: nobody can say whose word it was.
    Losers of later merges, which stay, keep the winner as restricted as they are.

    Args:
        winner: what holds of it without the statement that the merge made.
        loser: what held of it before, or was moved back.
        others: state of each later loser, and when it was merged, oldest first.
        merged_at: when they became one.
        is_word: somebody said what holds of the winner; no later merge made it.

    Returns:
        What holds of the winner, and of the loser.
    """
    state, at = winner
    is_since = is_word and at is not None and at > merged_at
    if is_since and state in NEGATIVE and loser[0] not in NEGATIVE:
        loser = winner
    for other, joined_at in others:
        strict = most_restrictive(sorted({state, other}))
        if strict != state and joined_at is not None and (at is None or at <= joined_at):
            state, at = strict, joined_at
    return (state, at), loser


def part_seen(now: Mapping[str, datetime | None], before: Seen, loser: Seen) -> Seen:
    """Return the times of the winner without those that came from the loser.

    Args:
        now: as they stand.
        before: the winner's before the merge.
        loser: likewise the loser's.
    """
    return {name: before[name] if now.get(name) == loser[name] else now.get(name) for name in SEEN}


def _write(fields: ProfileFields) -> dict[str, Any]:
    values = {name: getattr(fields, name) for name in _PLAIN}
    times = {name: getattr(fields, name) for name in _TIMES}
    return values | {name: at.isoformat() if at else None for name, at in times.items()}


def _read_time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def say_merge_rule(rule: str) -> str:
    """Return the words of a rule of the merchant by which profiles became one; else empty."""
    word = rule.removeprefix(BY_RULE)
    return (
        str(MergeRule(word).label) if rule.startswith(BY_RULE) and word in MergeRule.values else ""
    )
