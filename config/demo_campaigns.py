"""The campaigns of the demo shops: one that was sent and read, and one that waits for its day."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from flows.services.campaigns.composing import CampaignData, create_campaign
from flows.services.campaigns.scheduling import schedule_campaign
from kernel import clock
from kernel.formats import find_zone
from messaging.choices import MessageClass
from messaging.services.authoring import create_template
from messaging.services.starters import draft_of
from segments.services.library import ensure_starter

DAY_OF_NEWS: Final = 9
"""Of the days in which flows write: late enough to be read, early enough to be bought from."""
AHEAD: Final = timedelta(days=6)
HOUR: Final = 10


def send_news(at: datetime, *, actor: str) -> None:
    """Begin to send a newsletter to who bought twice; work of the day carries it out."""
    _schedule("What is new this month", "newsletter", {"timing": "now"}, at, actor)


def plan_offer(at: datetime, zone: str, *, actor: str) -> None:
    """Schedule a welcome to new products for the morning some days ahead."""
    day = (at + AHEAD).astimezone(find_zone(zone)).date()
    plan = {"timing": "local", "at": f"{day:%Y-%m-%d}T{HOUR:02}:00", "if_past": "next_day"}
    _schedule("A look at next season", "welcome", plan, at, actor)


def _schedule(name: str, starter: str, plan: dict[str, Any], at: datetime, actor: str) -> None:
    with clock.simulated(at), transaction.atomic():
        draft = draft_of(
            starter,
            name=name,
            channel="email",
            message_class=MessageClass.PROMOTIONAL.value,
        )
        template = create_template(draft, actor=actor)
        segment = ensure_starter("repeat")
        data = CampaignData(
            name=name, template_ids=[template.pk], include_ids=[segment.pk], plan=plan
        )
        schedule_campaign(create_campaign(data, actor=actor).pk, actor=actor)
