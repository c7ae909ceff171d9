"""The check before sending: what a campaign's templates would do to their readers."""

from typing import NamedTuple

from crm.choices import Channel
from flows.domain.campaigns.cells import letter_of
from flows.models import Campaign
from messaging.domain.findings import Finding
from messaging.queries.templates import find_template
from messaging.services.authoring import draft_from
from messaging.services.reviewing import review_email


class TemplateReview(NamedTuple):
    """What was found in one template; only mails are looked at."""

    letter: str
    template_id: int
    name: str
    findings: list[Finding]


def review_templates(campaign: Campaign) -> list[TemplateReview]:
    """Render each template of a campaign for some of the newest subscribers and judge it."""
    found = []
    for place, template_id in enumerate(campaign.template_ids):
        template = find_template(template_id)
        if template is None:
            continue
        is_mail = template.channel == Channel.EMAIL
        findings = review_email(draft_from(template)).findings if is_mail else []
        found.append(TemplateReview(letter_of(place), template_id, template.name, findings))
    return found
