"""The rules that merge probable duplicates: which are on, what each would do, what they did."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.choices import MergeRule
from crm.domain.merging import BY_RULE, can_undo, say_merge_rule
from crm.models import MergeRules, ProfileMerge
from kernel import clock
from kernel.sql import run_sql

PER_DAY = 50
"""Merges in a day, until the merchant chooses another number."""
CEILING = 1_000
"""Pairs that a rule would merge are counted up to here."""
SHOWN = 20
NEWEST = 2_000
"""The merges by a rule that a page shows are among so many newest merges."""
HELP = {
    MergeRule.SAME_MAILBOX: (
        "ada.byron@gmail.com and adabyron+shop@gmail.com reach one mailbox, and first and last "
        "name are the same."
    ),
    MergeRule.TYPO_AT_HOME: (
        "ada@gmail.com and ada@gmial.com: what stands before the @ is the same and one letter "
        "behind it is not. First and last name, country and postcode are the same."
    ),
    MergeRule.PHONE_AT_HOME: (
        "The same phone number, once written so that it cannot be read. First and last name, "
        "country and postcode are the same."
    ),
}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: whether it is on, and how many pairs it would merge now, at most the ceiling."""

    word: str
    label: str
    help: str
    is_on: bool
    pairs: int

    @property
    def is_more(self) -> bool:
        """Whether there may be more than were counted."""
        return self.pairs >= CEILING


@dataclass(frozen=True, slots=True)
class RuledMerge:
    """One merge that a rule made."""

    merge: ProfileMerge
    words: str
    can_undo: bool


def find_ruled(rules: Collection[str], count: int) -> list[Any]:
    """Return the next pairs that rules let become one: id, one_id, other_id, rule."""
    return run_sql("crm.find_ruled_pairs", rules=list(rules), count=count)


def find_rules() -> MergeRules:
    """Return what the merchant chose; before the first choice nothing is on."""
    return MergeRules.objects.first() or MergeRules(rules=[], per_day=PER_DAY)


def list_rules(kept: MergeRules) -> list[RuleLine]:
    """Return every rule with what it would do by itself."""
    return [
        RuleLine(
            rule.value,
            rule.label,
            HELP[rule],
            rule.value in kept.rules,
            len(find_ruled([rule.value], CEILING)),
        )
        for rule in MergeRule
    ]


def list_ruled_merges(now: datetime | None = None) -> list[RuledMerge]:
    """Return the newest merges that rules made, newest first."""
    at = now or clock.now()
    newest = ProfileMerge.objects.order_by("-pk").values_list("pk", flat=True)[:NEWEST]
    rows = ProfileMerge.objects.filter(pk__in=list(newest), rule__startswith=BY_RULE)
    rows = rows.select_related("winner").defer("snapshot", "moved_ids").order_by("-pk")[:SHOWN]
    return [
        RuledMerge(row, say_merge_rule(row.rule), can_undo(row.merged_at, row.undone_at, at))
        for row in rows
    ]
