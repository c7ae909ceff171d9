"""Campaigns as everybody else looks at them: one, by what they name, and their words."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Value

from crm.models import Profile
from flows.choices import CampaignState
from flows.models import AccessList, Campaign
from kernel import clock
from messaging.models import Template
from messaging.panels import TemplateUser
from segments.panels import SegmentUser

KIND = "Campaign"
ROUTE = "flows:campaign"
ACCESS_KIND = "Early access"
ACCESS_ROUTE = "flows:access"
OVER = (CampaignState.SENT, CampaignState.CANCELLED)


def find_campaign(campaign_id: int) -> Campaign | None:
    """Return a campaign of the active tenant, or None."""
    return Campaign.objects.filter(pk=campaign_id).first()


def find_name(campaign_id: int) -> str:
    """Return what a campaign is called; empty where there is none."""
    names = Campaign.objects.filter(pk=campaign_id).values_list("name", flat=True)
    return names.first() or ""


def find_standing(campaign_ids: Collection[int]) -> dict[int, Campaign]:
    """Return some campaigns by id, with what says whether their messages may leave."""
    found = Campaign.objects.filter(pk__in=campaign_ids)
    return found.only("state", "plan", "resend_of_id").in_bulk()


def find_resend(campaign_id: int) -> Campaign | None:
    """Return the campaign by which another one was sent again, or None."""
    found = Campaign.objects.filter(resend_of_id=campaign_id)
    return found.exclude(state=CampaignState.CANCELLED).first()


def find_zones(profile_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return the zone that some people gave and their country, by profile."""
    rows = Profile.objects.filter(pk__in=profile_ids).values_list("pk", "timezone", "country")
    return {pk: (timezone, country) for pk, timezone, country in rows}


def list_segment_users() -> dict[int, list[SegmentUser]]:
    """Return the campaigns and lists of early access still to come, by the segments they name."""
    found: dict[int, list[SegmentUser]] = defaultdict(list)
    lists = AccessList.objects.filter(public_at__gt=clock.now()).annotate(kind=Value(ACCESS_KIND))
    rows = Campaign.objects.exclude(state__in=OVER).annotate(kind=Value(KIND))
    both = rows.values_list("kind", "name", "pk", "include_ids", "exclude_ids").union(
        lists.values_list("kind", "name", "pk", "segment_ids", "segment_ids"), all=True
    )
    for kind, name, pk, include, exclude in sorted(both):
        where = (ROUTE, pk) if kind == KIND else (ACCESS_ROUTE, None)
        for segment_id in sorted({*include, *exclude}):
            found[segment_id].append(SegmentUser(kind, name, *where))
    return dict(found)


def list_template_users(keys: Collection[str]) -> dict[str, list[TemplateUser]]:
    """Return the campaigns that are still to be sent, by the keys of their templates."""
    ids = dict(Template.objects.filter(key__in=keys).values_list("pk", "key"))
    found: dict[str, list[TemplateUser]] = defaultdict(list)
    rows = Campaign.objects.filter(template_ids__overlap=list(ids)).exclude(state__in=OVER)
    for pk, name, template_ids in rows.order_by("name", "pk").values_list(
        "pk", "name", "template_ids"
    ):
        for template_id in dict.fromkeys(template_ids):
            if template_id in ids:
                found[ids[template_id]].append(TemplateUser(KIND, name, ROUTE, pk))
    return dict(found)


def find_audiences(campaign_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the segments that each campaign is for, by its id."""
    rows = Campaign.objects.filter(pk__in=set(campaign_ids))
    return {pk: list(ids) for pk, ids in rows.values_list("pk", "include_ids")}
