"""What a recipient chooses on the preference page, kept with its proof."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from crm.choices import Channel, ConsentState, EventSource
from crm.services.events import append_events
from crm.services.ids import lock_final_profiles
from crm.types import NewEvent
from kernel.formats import format_time
from messaging.choices import Frequency
from messaging.models import Preferences
from messaging.queries.preferences import list_topics
from messaging.queries.recipients import find_subscription
from messaging.services.subscribing import Decision, say
from messaging.types import RecipientToken

PAUSES = (30, 60, 90)
"""Days for which somebody can pause."""
METHOD = "preference_page"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a recipient chose.

    Attributes:
        topics: ids of the topics they want, of those that were shown.
        shown: ids of the topics that the page showed.
        frequency: a word of `Frequency`.
        pause_days: one of `PAUSES`, 0 ends a pause, None leaves it as it is.
    """

    topics: frozenset[int]
    shown: frozenset[int]
    frequency: str
    pause_days: int | None


@transaction.atomic
def save_preferences(token: RecipientToken, wanted: Wanted, decision: Decision) -> bool:
    """Keep what the recipient of a token chose; the same again changes nothing.

    What they said of topics goes to the history of consent with its proof; the timeline tells of
    all of it.

    Returns:
        Whether anything changed.
    """
    found = find_subscription(token)
    if found is None or found.is_erased:
        return False
    final = lock_final_profiles([found.profile_id])[found.profile_id]
    row = _lock(final, decision.hit.at)
    said = [
        *_choose_topics(final, row, wanted, decision),
        *_choose_pace(row, wanted),
        *_choose_pause(row, wanted, decision.hit.at, found.timezone),
    ]
    if not said:
        return False
    row.source, row.changed_at = METHOD, decision.hit.at
    row.save(update_fields=["frequency", "paused_until", "refused_topics", "source", "changed_at"])
    event = NewEvent(
        name="Preferences Changed",
        occurred_at=decision.hit.at,
        source=EventSource.TRACKING.value,
        profile_id=final,
        object_id=final,
        properties={"said": said},
    )
    append_events([event])
    return True


def _choose_topics(
    profile_id: int, row: Preferences, wanted: Wanted, decision: Decision
) -> list[str]:
    said = []
    refused = set(row.refused_topics)
    for topic in list_topics():
        if topic.pk not in wanted.shown or (topic.pk in wanted.topics) != (topic.pk in refused):
            continue
        is_yes = topic.pk in wanted.topics
        refused ^= {topic.pk}
        state = ConsentState.SUBSCRIBED if is_yes else ConsentState.UNSUBSCRIBED
        say(profile_id, Channel.EMAIL, state, decision, topic=topic.name)
        said.append(f"{'wants' if is_yes else 'no more'} {topic.name}")
    row.refused_topics = sorted(refused)
    return said


def _choose_pace(row: Preferences, wanted: Wanted) -> list[str]:
    if wanted.frequency == row.frequency:
        return []
    row.frequency = Frequency(wanted.frequency).value
    return [Frequency(wanted.frequency).label.lower()]


def _choose_pause(row: Preferences, wanted: Wanted, at: datetime, zone: str) -> list[str]:
    if wanted.pause_days is None:
        return []
    is_paused = row.paused_until is not None and row.paused_until > at
    if wanted.pause_days == 0:
        row.paused_until = None
        return ["no pause any more"] if is_paused else []
    row.paused_until = at + timedelta(days=wanted.pause_days)
    return [f"a pause until {format_time(row.paused_until, zone, 'd MMM y')}"]


def _lock(profile_id: int, at: datetime) -> Preferences:
    """Return the row of a profile, made where there is none: two saves follow each other."""
    Preferences.objects.get_or_create(profile_id=profile_id, defaults={"changed_at": at})
    return Preferences.objects.select_for_update(no_key=True).get(profile_id=profile_id)
