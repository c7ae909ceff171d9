"""Rules that choose a sender, as members make them: added, moved, removed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from kernel.errors import Conflict, Invalid, NotFound
from messaging.domain.sender_rules import COUNTRY, MAX_VALUE, MOST_VALUES, PROPERTY
from messaging.models import Sender, SenderRule
from messaging.queries.senders import is_verified
from messaging.queries.traits import list_traits
from tenants.services import audit

MOST_RULES = 100


@dataclass(frozen=True, slots=True)
class RuleData:
    """A rule before it is stored.

    Attributes:
        key: of the property; empty for other traits.
        wanted: values of which one is enough.
    """

    sender_id: int
    trait: str
    key: str
    wanted: Sequence[str]


@transaction.atomic
def add_rule(data: RuleData, *, actor: str) -> SenderRule:
    """Let a sender write to people of one kind, unless a rule before it names another.

    Raises:
        Invalid: nothing to look at, or no value; ``fields`` says which.
        Conflict: nobody has shown that the sender's address is theirs, or there are too many rules.
    """
    values = _checked(data)
    sender = Sender.objects.select_for_update(no_key=True).filter(pk=data.sender_id).first()
    if sender is None:
        text = "Choose a sender of the list."
        raise Invalid(text, fields={"sender": text})
    if not is_verified(sender):
        text = f"Verify {sender.email} first: nobody may write from another's address."
        raise Conflict(text, fields={"sender": text})
    if SenderRule.objects.count() >= MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules already. Remove one first.")
    last = SenderRule.objects.aggregate(last=Max("position"))["last"] or 0
    rule = SenderRule.objects.create(sender=sender, position=last + 1, **values)
    after = {"sender": sender.email, **values}
    audit.record("sender_rule.added", "sender", sender.pk, after=after, actor=actor)
    return rule


@transaction.atomic
def move_rule(rule_id: int, *, actor: str) -> None:
    """Try a rule one place earlier; the first one stays where it is.

    Raises:
        NotFound: no such rule.
    """
    rows = list(SenderRule.objects.select_for_update(no_key=True).order_by("position", "pk"))
    at = next((place for place, row in enumerate(rows) if row.pk == rule_id), None)
    if at is None:
        raise NotFound("There is no such rule.")
    if at == 0:
        return
    row = rows.pop(at)
    rows.insert(at - 1, row)
    for position, each in enumerate(rows, 1):
        each.position = position
    SenderRule.objects.bulk_update(rows, ["position"])
    audit.record(
        "sender_rule.moved",
        "sender",
        row.sender_id,
        before={"position": at + 1},
        after={"position": at, **_said(row)},
        actor=actor,
    )


@transaction.atomic
def remove_rule(rule_id: int, *, actor: str) -> None:
    """Remove a rule; whom it named a sender for gets the next rule's, or the default one.

    Raises:
        NotFound: no such rule.
    """
    row = SenderRule.objects.select_for_update(no_key=True).filter(pk=rule_id).first()
    if row is None:
        raise NotFound("There is no such rule.")
    row.delete()
    audit.record("sender_rule.removed", "sender", row.sender_id, before=_said(row), actor=actor)


def _said(row: SenderRule) -> dict[str, object]:
    return {"trait": row.trait, "key": row.key, "wanted": row.wanted}


def _checked(data: RuleData) -> dict[str, object]:
    traits = {key: choices for key, _, choices in list_traits()}
    wanted = list(dict.fromkeys(text.strip() for text in data.wanted if text.strip()))
    key = data.key.strip() if data.trait == PROPERTY else ""
    fields = {}
    if data.trait not in traits:
        fields["trait"] = "Choose what the rule looks at."
    if data.trait == PROPERTY and not 0 < len(key) <= MAX_VALUE:
        fields["key"] = "Name the property, such as account_manager."
    if fault := _find_fault(data.trait, wanted, {value for value, _ in traits.get(data.trait, [])}):
        fields["wanted"] = fault
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    if data.trait == COUNTRY:
        wanted = [text.upper() for text in wanted]
    return {"trait": data.trait, "key": key, "wanted": wanted}


def _find_fault(trait: str, wanted: Sequence[str], known: Collection[str]) -> str:
    """Say what is wrong with the values of a rule; empty where nothing is."""
    if not wanted:
        return "Say at least one value."
    if len(wanted) > MOST_VALUES or any(len(text) > MAX_VALUE for text in wanted):
        return f"Up to {MOST_VALUES} values of {MAX_VALUE} letters."
    if known and not set(wanted) <= set(known):
        return "Choose from the list."
    if trait == COUNTRY and any(len(text) != 2 or not text.isalpha() for text in wanted):  # noqa: PLR2004 ISO 3166
        return "Write countries with two letters, such as GB."
    return ""
