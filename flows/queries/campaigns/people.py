"""Why somebody did, or did not, get a campaign: its messages and those who are held out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from crm.models import Profile
from crm.queries.finding import find_people
from flows.choices import CampaignState
from flows.models import Campaign, Recipient
from kernel.keyset import Place, Rows, Sorting, Statement, select_page
from messaging.choices import FailReason, Outcome, SkipReason
from messaging.models import Message

HELD_OUT: Final = "held_out"
PAGE_SIZE: Final = 50
MOST_FOUND: Final = 20
_REASONS: Final = dict([*SkipReason.choices, *FailReason.choices])
_BY_PERSON: Final = Sorting("m.profile_id", "m.id", "profile_id")
_BY_SLOT: Final = Sorting("r.due_at", "r.slot", "due_at", is_time=True)
_MESSAGES: Final = """
SELECT m.id, m.profile_id, m.outcome, m.reason, m.detail, m.node_id, m.due_at, m.sent_at
FROM messaging_message AS m
"""
_HELD_OUT: Final = """
SELECT r.slot AS id, r.profile_id, r.due_at, r.decision
FROM flows_recipient AS r
"""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person and what became of the campaign for them.

    Attributes:
        outcome: an `Outcome` word, ``held_out``, ``waiting`` or ``outside``.
        why: in words; may be empty.
        message_id: None where there is no message.
    """

    profile_id: int
    name: str
    email: str
    outcome: str
    why: str
    letter: str = ""
    at: datetime | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page; the marks lead to its neighbours."""

    rows: list[PersonRow]
    next: str | None
    previous: str | None


OUTCOMES: Final = [*Outcome.choices, (HELD_OUT, "Held out")]


def list_people(campaign: Campaign, outcome: str, place: Place) -> PeoplePage:
    """Return a page of the people who have a message of a campaign, or are held out.

    Args:
        campaign: of the active tenant.
        outcome: an `Outcome` word, or `HELD_OUT`; empty: everybody who has a message.
        place: which page.
    """
    params: dict[str, Any] = {"campaign_id": campaign.pk, "outcome": outcome}
    if outcome == HELD_OUT:
        parts = [
            "r.tenant_id = %(tenant_id)s",
            "r.campaign_id = %(campaign_id)s",
            "r.cell < 0",
        ]
        found = select_page(
            Statement(_HELD_OUT, parts, params), _BY_SLOT, descending=True, place=place
        )
        people = _people([row.profile_id for row in found.rows])
        return _page(
            [_held_out(row.profile_id, row.due_at, row.decision, people) for row in found.rows],
            found,
        )
    parts = ["m.tenant_id = %(tenant_id)s", "m.campaign_id = %(campaign_id)s"]
    if outcome:
        parts.append("m.outcome = %(outcome)s")
    found = select_page(
        Statement(_MESSAGES, parts, params), _BY_PERSON, descending=True, place=place
    )
    people = _people([row.profile_id for row in found.rows])
    return _page([_told(row, people) for row in found.rows], found)


def search_people(campaign: Campaign, text: str) -> list[PersonRow]:
    """Return what a campaign was for the people whom a text finds, also for those outside of it."""
    ids = sorted(find_people(text))[:MOST_FOUND]
    people = _people(ids)
    messages = {
        row.profile_id: row
        for row in Message.objects.filter(campaign_id=campaign.pk, profile_id__in=ids)
    }
    recipients = Recipient.objects.filter(campaign_id=campaign.pk, profile_id__in=ids)
    found = recipients.values_list("profile_id", "cell", "decision")
    cells = {profile_id: (cell, decision) for profile_id, cell, decision in found}
    rows = []
    for profile_id in ids:
        if profile_id in messages:
            rows.append(_told(messages[profile_id], people))
        elif profile_id in cells and cells[profile_id][0] < Recipient.REST:
            rows.append(_held_out(profile_id, None, cells[profile_id][1], people))
        elif profile_id in people:
            is_in = profile_id in cells
            rows.append(_without(campaign, profile_id, people, is_in=is_in))
    return rows


def _people(ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = Profile.objects.filter(pk__in=ids)
    return {
        pk: (f"{first} {last}".strip(), email)
        for pk, first, last, email in rows.values_list("pk", "first_name", "last_name", "email")
    }


def _told(row: Any, people: dict[int, tuple[str, str]]) -> PersonRow:
    label = _REASONS.get(row.reason, row.reason)
    return PersonRow(
        row.profile_id,
        *people.get(row.profile_id, ("", "")),
        outcome=row.outcome,
        why=": ".join(filter(None, [label, row.detail if row.detail != label else ""])),
        letter=row.node_id,
        at=row.sent_at or row.due_at,
        message_id=row.id,
    )


def _held_out(
    profile_id: int,
    at: datetime | None,
    decision: Mapping[str, Any] | None,
    people: dict[int, tuple[str, str]],
) -> PersonRow:
    why = "Drawn by lot to get nothing, so that the lift can be measured"
    if decision:
        reason = decision["reason"]
        said = "Would" if decision["would_have_sent"] else "Would not"
        label = f" ({_REASONS.get(reason, reason)})" if reason else ""
        why = f"{why}. {said} have been sent it{label}"
    return PersonRow(
        profile_id, *people.get(profile_id, ("", "")), outcome=HELD_OUT, why=why, at=at
    )


def _without(
    campaign: Campaign, profile_id: int, people: dict[int, tuple[str, str]], *, is_in: bool
) -> PersonRow:
    is_open = campaign.state in (
        CampaignState.PREPARING,
        CampaignState.SENDING,
        CampaignState.PAUSED,
    )
    if is_in:
        why = (
            "In the audience; their turn has not come"
            if is_open
            else ("In the audience; the campaign ended before their turn")
        )
    else:
        why = "Not in its segments, or in one that is left out, when the audience was taken"
    outcome = ("waiting" if is_open else "cancelled") if is_in else "outside"
    return PersonRow(profile_id, *people.get(profile_id, ("", "")), outcome=outcome, why=why)


def _page(rows: list[PersonRow], found: Rows) -> PeoplePage:
    return PeoplePage(rows, found.next, found.previous)
