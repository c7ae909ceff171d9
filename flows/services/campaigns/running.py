"""Carries campaigns on: each turn takes the one that is due longest a step further.

A step is one transaction that holds the campaign's row: a chunk of its audience, a chunk of its
messages, a decision, or a count. A worker that dies leaves everything as it was before the step.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import OperationalError, transaction

from flows.choices import CampaignState, Phase
from flows.domain.campaigns.cells import EVERYTHING, HELD_OUT, REST, cells_in_order, letter_of
from flows.domain.campaigns.hours import measure_prior
from flows.domain.campaigns.plan import BEST_HOUR, Plan
from flows.domain.campaigns.times import MOST_LATE, TICK, test_dues
from flows.domain.campaigns.winner import Score, decide
from flows.domain.campaigns.words import say_wait
from flows.models import Campaign
from flows.queries.campaigns.counting import (
    add_up,
    compare_groups,
    count_campaign,
    write_figures,
)
from flows.queries.campaigns.hours import count_hours_of_all
from flows.services.campaigns.audience import audience_of
from flows.services.campaigns.building import build_chunk
from flows.services.campaigns.checking import find_blockers, read_plan
from flows.services.campaigns.releasing import CampaignStopped, not_before, release
from flows.services.campaigns.withholding import decide_held_out
from kernel import clock
from kernel.batches import Deadline
from kernel.formats import find_zone, format_time
from kernel.tenancy import current_tenant_id
from segments.queries.audiences import find_unsettled
from tenants.queries import get_tenant

log = structlog.get_logger(__name__)

COUNTED_EVERY: Final = timedelta(seconds=15)
"""How often a campaign is counted while its messages leave; a large one less often."""
SETTLED_WITHIN: Final = timedelta(seconds=15)
"""When a campaign looks again whether the segments it names were computed."""
PER_SECOND: Final = 50_000
"""Messages for each of which a count is put off by a second."""
COUNTED_AFTER: Final = (
    (timedelta(days=1), timedelta(minutes=10)),
    (timedelta(days=7), timedelta(hours=2)),
    (timedelta(days=30), timedelta(days=1)),
)
"""How often what was sent is counted again, by its age: people open, click and buy for days."""
_NOT_SAVED: Final = frozenset({"id", "tenant", "name", "version", "created_at", "created_by"})
_SAVED: Final = [
    field.name for field in Campaign._meta.concrete_fields if field.name not in _NOT_SAVED
]


def run_due(deadline: Deadline) -> int:
    """Take the due campaigns of the active tenant further, the longest due first.

    Args:
        deadline: when to stop; what is left is rung for again.

    Returns:
        Steps that were taken; 0 when nothing is due or other workers hold it.

    Raises:
        OperationalError: the database was lost; it is safe to call again.
    """
    done = 0
    while not deadline.passed and take_step():
        done += 1
    return done


@transaction.atomic
def take_step() -> bool:
    """Take the campaign that is due longest one step further; False where none is due."""
    now = clock.now()
    due = Campaign.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    campaign = due.select_for_update(no_key=True, skip_locked=True).first()
    if campaign is None:
        return False
    is_count = _is_only_counted(campaign)
    try:
        with transaction.atomic():
            _STEPS[campaign.state](campaign, now)
            campaign.save(update_fields=_SAVED)
    except OperationalError:
        if not is_count or transaction.get_rollback():  # the database was lost
            raise
        log.exception("campaign_not_counted", campaign=campaign.pk)
        _put_off(campaign.pk, now)
    except CampaignStopped as exc:
        _fail(campaign.pk, str(exc))
    except Exception as exc:
        log.exception("campaign_broke", campaign=campaign.pk)
        if is_count:
            _put_off(campaign.pk, now)
        else:
            _fail(campaign.pk, f"Something broke on our side ({type(exc).__name__}).")
    return True


def _is_only_counted(campaign: Campaign) -> bool:
    """Say whether nothing more of a campaign is queued, whatever becomes of its next step."""
    if campaign.state == CampaignState.SENDING:
        return not campaign.phase
    return campaign.state in (CampaignState.SENT, CampaignState.CANCELLED)


def _put_off(campaign_id: int, now: datetime) -> None:
    """Count later what could not be counted; the campaign stands as it stood."""
    campaign = Campaign.objects.get(pk=campaign_id)
    _count_later(campaign, now)
    campaign.save(update_fields=["due_at"])


def _fail(campaign_id: int, reason: str) -> None:
    """Stop a campaign and say why; what it was doing is not kept, and can be tried again."""
    campaign = Campaign.objects.get(pk=campaign_id)
    is_begun = campaign.state in (CampaignState.PREPARING, CampaignState.SENDING)
    campaign.resumes_to = campaign.state if is_begun else ""
    campaign.state = CampaignState.FAILED
    campaign.reason = reason
    campaign.due_at = None
    campaign.save(update_fields=["state", "reason", "due_at", "resumes_to"])


def _begin(campaign: Campaign, now: datetime) -> None:
    """Begin what was scheduled, unless its time passed long ago or something keeps it."""
    starts_at = campaign.starts_at or now
    zone = get_tenant(current_tenant_id()).timezone
    if now - starts_at > MOST_LATE:
        at = format_time(starts_at, zone)
        raise CampaignStopped(
            f"It was to begin on {at} and could not for more than a day, so nothing was sent. "
            "Copy it and choose a new time."
        )
    if blockers := find_blockers(campaign, now, is_begun=True):
        raise CampaignStopped(f"Nothing was sent. {blockers[0].text}")
    if _awaits_segments(campaign, now):
        return
    if read_plan(campaign).timing == BEST_HOUR:
        campaign.prior = measure_prior(count_hours_of_all(zone))
    campaign.state = CampaignState.PREPARING
    campaign.cursor = campaign.recipient_count = campaign.held_out_count = 0
    campaign.last_due_at = None
    campaign.due_at = now


def _awaits_segments(campaign: Campaign, now: datetime) -> bool:
    """Put a step off until the segments it asks have the members that their definitions say.

    Of one that is yet to be computed nobody is left out, and nobody got in.

    Raises:
        CampaignStopped: one takes too long to be computed, so that it would wait for ever.
    """
    audience = audience_of(campaign)
    unsettled = find_unsettled({*audience.include, *audience.exclude})
    if unsettled.stopped:
        raise CampaignStopped(
            f"Who is in “{unsettled.stopped[0]}” is not known, as working it out took too long. "
            "Make that segment simpler, or choose another one for this campaign."
        )
    campaign.reason = say_wait(unsettled.names)
    if unsettled.names:
        campaign.due_at = now + SETTLED_WITHIN
    return bool(unsettled.names)


def _prepare(campaign: Campaign, now: datetime) -> None:
    """Take in a chunk of the audience; after the last one the sending begins."""
    if _awaits_segments(campaign, now):
        return
    plan = read_plan(campaign)
    campaign.due_at = now
    if build_chunk(campaign, plan, campaign.starts_at or now):
        return
    if campaign.recipient_count == 0:
        raise CampaignStopped("Nobody is in its audience, so nothing was sent.")
    campaign.state = CampaignState.SENDING
    _open(campaign, plan, Phase.TEST if plan.test is not None else Phase.REST, now)


def _open(campaign: Campaign, plan: Plan, phase: Phase, now: datetime) -> None:
    """Begin a phase with its first cell; a throttle lets the first ones go at once."""
    campaign.phase = phase
    campaign.phase_at = now - TICK
    campaign.cell = _cells(campaign, plan, now, is_test=phase == Phase.TEST)[0]
    campaign.after_at, campaign.after_slot = None, 0
    campaign.due_at = now


def _cells(campaign: Campaign, plan: Plan, now: datetime, *, is_test: bool) -> list[int]:
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    dues = test_dues(plan, zone, campaign.starts_at or now)
    return cells_in_order(len(campaign.template_ids), is_test=is_test, dues=dues)


def _send(campaign: Campaign, now: datetime) -> None:
    """Release what may go, decide a test, or see whether everything has left."""
    plan = read_plan(campaign)
    if campaign.phase == Phase.WAIT:
        _wait(campaign, plan, now)
    elif not campaign.phase:
        _look(campaign, now)
    elif campaign.phase == Phase.HELD:
        _ask_for_held_out(campaign, now)
    elif release(campaign, plan, now):
        _end_cell(campaign, plan, now)


def _end_cell(campaign: Campaign, plan: Plan, now: datetime) -> None:
    cells = _cells(campaign, plan, now, is_test=campaign.cell != REST)
    following = cells[cells.index(campaign.cell) + 1 :]
    campaign.due_at = now
    if following:
        campaign.cell = following[0]
        campaign.after_at, campaign.after_slot = None, 0
    elif campaign.phase == Phase.TEST and plan.test is not None:
        campaign.phase, campaign.phase_at = Phase.WAIT, now
        campaign.due_at = now + COUNTED_EVERY
    else:
        campaign.phase, campaign.phase_at = Phase.HELD, max(now, not_before(campaign, plan, now))
        campaign.cell, campaign.after_at, campaign.after_slot = HELD_OUT, None, 0


def _ask_for_held_out(campaign: Campaign, now: datetime) -> None:
    """Keep what who is held out would have been sent; when the last ones may leave stays."""
    campaign.due_at = now
    if campaign.held_out_count and not decide_held_out(campaign, now):
        return
    if campaign.held_out_count and campaign.cell == HELD_OUT:
        campaign.cell, campaign.after_at, campaign.after_slot = EVERYTHING, None, 0
    else:
        campaign.phase = ""


def _wait(campaign: Campaign, plan: Plan, now: datetime) -> None:
    """Choose the winner once the test has lasted long enough; everybody else gets it, once.

    It lasts from the moment at which its last message left: what waits for the morning, for its
    turn or because of a pause tells nothing yet.
    """
    if _count(campaign, now):
        campaign.phase_at = now
        return
    test, since = plan.test, campaign.phase_at or now
    if test is not None and now < since + test.wait:
        campaign.due_at = since + test.wait
        return
    if test is not None:
        is_revenue = test.metric == "revenue"
        decision = decide(_tested(campaign, test.metric), is_revenue=is_revenue)
        campaign.winner, campaign.verdict = decision.place, decision.words
    _open(campaign, plan, Phase.REST, now)


def _tested(campaign: Campaign, metric: str) -> list[Score]:
    named = {"opens": "opened", "clicks": "clicked", "revenue": "buyers"}
    found = []
    for place in range(len(campaign.template_ids)):
        part = campaign.figures.get(letter_of(place), {})
        found.append(
            Score(
                part.get("sent", 0),
                part.get(named[metric], 0),
                part.get("revenue_minor", 0),
                part.get("squares", 0),
            )
        )
    return found


def _look(campaign: Campaign, now: datetime) -> None:
    """Count; once nothing waits any more, everybody who was to get it has it, or a reason."""
    if _count(campaign, now):
        return
    campaign.state, campaign.finished_at = CampaignState.SENT, now
    _count_later(campaign, now)


def _count_again(campaign: Campaign, now: datetime) -> None:
    if not _count(campaign, now):
        _count_later(campaign, now)


def _count(campaign: Campaign, now: datetime) -> int:
    """Count what became of the messages, and return how many still wait."""
    figures = count_campaign(campaign)
    campaign.figures, campaign.figured_at = write_figures(figures), now
    campaign.groups = compare_groups(campaign)
    total = add_up(figures)
    campaign.due_at = now + max(COUNTED_EVERY, timedelta(seconds=total.messages // PER_SECOND))
    return total.open


def _count_later(campaign: Campaign, now: datetime) -> None:
    age = now - (campaign.finished_at or now)
    waits = (wait for limit, wait in COUNTED_AFTER if age < limit)
    wait = next(waits, None)
    campaign.due_at = now + wait if wait is not None else None


_STEPS: Final[dict[str, Callable[[Campaign, datetime], None]]] = {
    CampaignState.SCHEDULED.value: _begin,
    CampaignState.PREPARING.value: _prepare,
    CampaignState.SENDING.value: _send,
    CampaignState.SENT.value: _count_again,
    CampaignState.CANCELLED.value: _count_again,
}
