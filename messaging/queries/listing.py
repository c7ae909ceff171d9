"""The list of all messages, sent and not sent, page by page at the cost of one page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from crm.queries.finding import find_people
from kernel import clock
from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page
from kernel.scope import current_tenant_id
from messaging.choices import FailReason, Outcome, SkipReason
from messaging.models import Message, Template
from messaging.panels import list_flows
from messaging.queries.words import JUDGEMENTS, Judgement
from tenants.queries import get_tenant

SHOWN = 200
"""Most templates and flows that a filter offers."""
REASONS = {**dict(SkipReason.choices), **dict(FailReason.choices)}
VIEWS: Mapping[str, tuple[str, tuple[Outcome, ...]]] = {
    "sent": (
        "Sent",
        (
            Outcome.SENT,
            Outcome.DELIVERED,
            Outcome.OPENED,
            Outcome.CLICKED,
            Outcome.COMPLAINED,
        ),
    ),
    "opened": ("Opened", (Outcome.OPENED, Outcome.CLICKED)),
    "clicked": ("Clicked", (Outcome.CLICKED,)),
    "waiting": ("Waiting", (Outcome.PENDING, Outcome.SENDING)),
    "skipped": ("Skipped", (Outcome.SKIPPED, Outcome.CANCELLED)),
    "failed": ("Failed", (Outcome.FAILED, Outcome.BOUNCED)),
    "unknown": ("Outcome unknown", (Outcome.UNKNOWN,)),
}
"""What people choose from: key, words, and the outcomes it takes in. A click proves an opening."""
NEWEST = Sorting("m.created_at", "m.id", "created_at", is_time=True)

_FROM = "FROM messaging_message AS m"
_SELECT = f"""
SELECT m.id, m.created_at, m.outcome, m.reason, m.detail, m.channel, m.message_class, m.subject,
    m.flow_id, m.flow_run_id, m.due_at, m.sent_at, m.delivered_at, m.opened_at, m.clicked_at,
    m.bounced_at, m.complained_at, m.profile_id,
    m.is_resend, t.name AS template,
    btrim(COALESCE(p.first_name, '') || ' ' || COALESCE(p.last_name, '')) AS name,
    COALESCE(p.email, '') AS email
{_FROM}
JOIN messaging_template AS t ON t.tenant_id = %(tenant_id)s AND t.id = m.template_id
LEFT JOIN crm_profile AS p ON p.tenant_id = %(tenant_id)s AND p.id = m.profile_id
"""


@dataclass(frozen=True, slots=True)
class WantedMessages:
    """Which messages; an empty value does not narrow.

    Attributes:
        view: a key of `VIEWS`.
        reason: a word of `SkipReason` or `FailReason`.
        search: an address or part of a name.
        first_day, last_day: of the tenant's calendar, both included, by when it was queued.
    """

    view: str = ""
    reason: str = ""
    flow_id: int | None = None
    template_id: int | None = None
    message_class: str = ""
    search: str = ""
    first_day: date | None = None
    last_day: date | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return self != WantedMessages()


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One row of the list; ``at`` is when it got as far as its outcome says."""

    id: int
    created_at: datetime
    at: datetime
    outcome: str
    reason: str
    reason_text: str
    channel: str
    message_class: str
    title: str
    template: str
    flow_id: int | None
    flow: str
    flow_run_id: int | None
    profile_id: int
    name: str
    email: str
    is_resend: bool

    @property
    def outcome_label(self) -> str:
        """Return the outcome for people."""
        return Outcome(self.outcome).label

    @property
    def judgement(self) -> Judgement | None:
        """Return whether the reason is healthy or harmful; None without a reason."""
        return JUDGEMENTS.get(self.reason)


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages, newest first; the marks lead to its neighbours."""

    rows: list[MessageRow]
    next: str | None
    previous: str | None


def list_all(wanted: WantedMessages, place: Place) -> MessagePage:
    """Return a page of messages, newest first."""
    conditions, params = _conditions(wanted)
    found = select_page(
        Statement(_SELECT, conditions, params), NEWEST, descending=True, place=place
    )
    flows = list_flows()
    return MessagePage([_row(row, flows) for row in found.rows], found.next, found.previous)


def count_views(wanted: WantedMessages) -> dict[str, int]:
    """Return how many messages each view has under the other filters, each up to the ceiling."""
    counts = {}
    for key in ("", *VIEWS):
        counts[key] = count_up_to(_FROM, *_conditions(replace(wanted, view=key)))
    return counts


def has_messages() -> bool:
    """Say whether the tenant has any message."""
    return has_any(Message.objects.all())


def list_templates() -> list[tuple[int, str]]:
    """Return id and name of the templates, by name."""
    return list(Template.objects.order_by("name").values_list("pk", "name")[:SHOWN])


def _conditions(wanted: WantedMessages) -> tuple[list[str], dict[str, Any]]:
    zone = get_tenant(current_tenant_id()).timezone
    first, last = wanted.first_day, wanted.last_day
    outcomes = [str(word.value) for word in VIEWS[wanted.view][1]] if wanted.view else []
    choices: list[tuple[str, str, Any]] = [
        ("m.outcome = %(outcome)s", "outcome", outcomes[0] if len(outcomes) == 1 else None),
        ("m.outcome = ANY(%(outcomes)s)", "outcomes", outcomes if len(outcomes) > 1 else None),
        # The second half lets the planner take the index of messages with a reason.
        ("m.reason = %(reason)s AND m.reason <> ''", "reason", wanted.reason or None),
        ("m.flow_id = %(flow_id)s", "flow_id", wanted.flow_id),
        ("m.template_id = %(template_id)s", "template_id", wanted.template_id),
        ("m.message_class = %(message_class)s", "message_class", wanted.message_class or None),
        ("m.created_at >= %(since)s", "since", first and clock.start_of_day(first, zone)),
        ("m.created_at < %(until)s", "until", last and clock.end_of_day(last, zone)),
    ]
    chosen = [item for item in choices if item[2] is not None]
    parts = ["m.tenant_id = %(tenant_id)s", *(part for part, _, _ in chosen)]
    params = {name: value for _, name, value in chosen}
    if wanted.search:
        parts.append("m.profile_id = ANY(%(people)s::bigint[])")
        params["people"] = find_people(wanted.search)
    return parts, params


def _row(row: Any, flows: Mapping[int, str]) -> MessageRow:
    times = {
        Outcome.PENDING: row.due_at,
        Outcome.SENT: row.sent_at,
        Outcome.DELIVERED: row.delivered_at,
        Outcome.BOUNCED: row.bounced_at,
        Outcome.COMPLAINED: row.complained_at,
        Outcome.OPENED: row.opened_at,
        Outcome.CLICKED: row.clicked_at,
    }
    return MessageRow(
        id=row.id,
        created_at=row.created_at,
        at=times.get(row.outcome) or row.created_at,
        outcome=row.outcome,
        reason=row.reason,
        reason_text=REASONS.get(row.reason, row.reason),
        channel=row.channel,
        message_class=row.message_class,
        title=row.subject or row.template,
        template=row.template,
        flow_id=row.flow_id,
        flow=flows.get(row.flow_id or 0, ""),
        flow_run_id=row.flow_run_id,
        profile_id=row.profile_id,
        name=row.name,
        email=row.email,
        is_resend=row.is_resend,
    )
