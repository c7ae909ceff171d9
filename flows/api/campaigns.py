"""`/api/v1/campaigns/`."""

from collections.abc import Sequence
from dataclasses import fields, replace
from http import HTTPStatus
from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.choices import Channel
from flows.api.lift import LiftOut
from flows.choices import CampaignState, Phase
from flows.domain.campaigns.cells import letter_of
from flows.models import Campaign
from flows.services.campaigns import composing, scheduling
from flows.services.campaigns.composing import MAX_NAME, CampaignData
from flows.services.campaigns.rehearsing import rehearse
from flows.services.campaigns.resending import (
    MOST_HOURS,
    USUAL_HOURS,
    Resend,
    resend_campaign,
)
from flows.services.campaigns.telling import tell_campaign
from tenants.api import filters
from tenants.api.resources import IdField, MoneyField, ReadResource

ID: Final = r"^[0-9]{1,18}$"
_IDS: Final = ("template_ids", "include_ids", "exclude_ids")
_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` that was read: 412 when somebody changed it meanwhile.",
)


class IdList(serializers.ListField):
    """Ids, which are strings outside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.CharField(), **kwargs)


class CampaignOut(serializers.Serializer[Any]):
    """One send to an audience at a time."""

    id = IdField()
    name = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    state = serializers.ChoiceField(choices=CampaignState.choices)
    reason = serializers.CharField(help_text="Why it was paused or cancelled, or failed.")
    template_ids = IdList(help_text="One, or the variants A, B, … of a test.")
    include_ids = IdList(help_text="Segments and lists whose members get it.")
    exclude_ids = IdList(help_text="Segments and lists whose members do not.")
    plan = serializers.DictField(help_text="When and how it is sent.")
    resend_of_id = IdField(help_text="The campaign that it sends again; null for any other.")
    version = serializers.IntegerField()
    starts_at = serializers.DateTimeField(allow_null=True, help_text="When its audience is taken.")
    recipient_count = serializers.IntegerField(help_text="Everybody in it, held out or not.")
    held_out_count = serializers.IntegerField()
    released_count = serializers.IntegerField(help_text="Whose message was queued so far.")
    phase = serializers.ChoiceField(choices=Phase.choices, allow_blank=True)
    winner = serializers.SerializerMethodField(help_text="Letter of the variant; null before.")
    verdict = serializers.CharField(help_text="Why that one won.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_winner(self, campaign: Campaign) -> str | None:
        """Return the letter of the template that won."""
        return None if campaign.winner is None else letter_of(campaign.winner)


class CampaignIn(serializers.Serializer[Any]):
    """What is to change of a draft; what is left out stays."""

    name = serializers.CharField(max_length=MAX_NAME, required=False)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    template_ids = serializers.ListField(
        child=serializers.RegexField(ID),
        max_length=5,
        required=False,
        help_text="Of its channel and of marketing; from two on they are tested.",
    )
    include_ids = serializers.ListField(
        child=serializers.RegexField(ID), max_length=50, required=False
    )
    exclude_ids = serializers.ListField(
        child=serializers.RegexField(ID), max_length=50, required=False
    )
    plan = serializers.DictField(
        required=False,
        help_text=(
            "`timing`: `now`, `at`, `local` (the time on each recipient's clock) or `best_hour` "
            "(of each recipient on the day of `at`); `at`: such as "
            "`2026-12-01T09:00`, in the zone of the shop; `if_past`: `now` or `next_day`, for "
            "recipients where that time has passed; `throttle`: `{percent}` of the audience or "
            "`{per_hour}`; `test`: `{share, wait_minutes, metric, times}` with `opens`, `clicks` "
            "or `revenue`, and a time such as `09:00` for each template where times are tested; "
            "`holdout`: per cent that get nothing, 5 unless said; `resend`: "
            "`{unsure}` with `leave_out` or `send`, of what is sent again; `utm`: parameters of "
            "its links by name, such as `utm_campaign`."
        ),
    )


class CampaignNew(CampaignIn):
    """A new draft."""

    name = serializers.CharField(max_length=MAX_NAME)


class ReasonIn(serializers.Serializer[Any]):
    """Why, for your team; may be left out."""

    reason = serializers.CharField(
        max_length=scheduling.MAX_REASON, required=False, allow_blank=True, default=""
    )


class ResendIn(serializers.Serializer[Any]):
    """How a campaign is sent again to those who showed no sign of it."""

    subject = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Of mails."
    )
    hours = serializers.IntegerField(
        min_value=1,
        max_value=MOST_HOURS,
        required=False,
        default=USUAL_HOURS,
        help_text="Since everybody had the first one.",
    )
    with_hidden = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Also to those of whom Apple hides whether they read it.",
    )


class CampaignFiguresOut(serializers.Serializer[Any]):
    """Counts of messages; opens and clicks are those of people."""

    messages = serializers.IntegerField()
    waiting = serializers.IntegerField(source="open")
    sent = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    delivered = serializers.IntegerField()
    opened = serializers.IntegerField()
    clicked = serializers.IntegerField()
    bounced = serializers.IntegerField()
    complained = serializers.IntegerField()
    unsubscribed = serializers.IntegerField(help_text="Of mails alone.")
    orders = serializers.IntegerField()
    revenue = MoneyField("revenue_minor", in_tenants=True)
    reasons = serializers.DictField(
        child=serializers.IntegerField(), help_text="Of those that did not leave."
    )


class CampaignVariantOut(serializers.Serializer[Any]):
    """One template of a campaign."""

    letter = serializers.CharField()
    template_id = IdField(source="template.id")
    is_winner = serializers.BooleanField()
    figures = CampaignFiguresOut()


class CampaignReportOut(serializers.Serializer[Any]):
    """What came of a campaign."""

    campaign_id = IdField(source="campaign.pk")
    state = serializers.CharField(source="campaign.state")
    recipients = serializers.IntegerField(source="campaign.recipient_count")
    held_out = serializers.IntegerField(source="campaign.held_out_count")
    released = serializers.IntegerField(source="campaign.released_count")
    currency = serializers.CharField()
    attribution = serializers.CharField(help_text="How revenue is credited.")
    total = CampaignFiguresOut(source="told.total")
    variants = CampaignVariantOut(many=True, source="told.variants")
    incremental = LiftOut(
        source="told.lift",
        allow_null=True,
        help_text="Until 5 days after the last of it may leave; null: the campaign itself holds "
        "nobody out.",
    )


class CouponsOut(serializers.Serializer[Any]):
    """Codes that a campaign would give out."""

    name = serializers.CharField()
    needed = serializers.IntegerField()
    left = serializers.IntegerField(allow_null=True, help_text="Null: one for everybody.")
    is_short = serializers.BooleanField()


class CostOut(serializers.Serializer[Any]):
    """What messages that are paid for one by one would cost."""

    amount = serializers.CharField(help_text="Such as `EUR 12.40`.")
    parts = serializers.IntegerField(help_text="SMS that each message is cut into.")
    unpriced = serializers.IntegerField(help_text="Messages whose country has no price.")


class RehearsalOut(serializers.Serializer[Any]):
    """What would become of a campaign that were sent now; nothing is written."""

    audience = serializers.IntegerField()
    asked = serializers.IntegerField(help_text="Fewer than the audience: figures are scaled.")
    held_out = serializers.IntegerField()
    sent = serializers.IntegerField(help_text="Those who would wait for a while included.")
    waiting = serializers.DictField(child=serializers.IntegerField())
    skipped = serializers.DictField(child=serializers.IntegerField())
    coupons = CouponsOut(many=True)
    cost = CostOut(allow_null=True, help_text="Null: no price was entered, or it has none.")
    hours = serializers.FloatField(allow_null=True, help_text="By its throttle; null without one.")


class CampaignViewSet(ReadResource[Campaign]):
    """Campaigns, newest first."""

    scope_resource = "campaigns"
    serializer_class = CampaignOut
    filters = {
        "name": filters.text("name"),
        "state": filters.choice("state", CampaignState),
        "channel": filters.choice("channel", Channel),
        "created_at": filters.time("created_at"),
        "updated_at": filters.time("updated_at"),
        "starts_at": filters.time("starts_at"),
    }

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.all()

    @extend_schema(responses=CampaignOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one campaign; its `ETag` changes with every change of it."""
        return _answer(self.get_object())

    @extend_schema(
        request=CampaignNew,
        responses={201: CampaignOut},
        examples=[
            OpenApiExample(
                "To a segment, at nine on everybody's own clock",
                value={
                    "name": "Spring",
                    "template_ids": ["12"],
                    "include_ids": ["3"],
                    "plan": {"timing": "local", "at": "2026-12-01T09:00", "if_past": "next_day"},
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        """Make a draft; nothing is sent before it is scheduled."""
        body = CampaignNew(data=request.data)
        body.is_valid(raise_exception=True)
        empty = CampaignData(name=body.validated_data["name"])
        made = composing.create_campaign(_changed(empty, body.validated_data))
        return _answer(made, HTTPStatus.CREATED)

    @extend_schema(request=CampaignIn, responses=CampaignOut, parameters=[_MATCH])
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a draft; what is left out stays as it is."""
        body = CampaignIn(data=request.data)
        body.is_valid(raise_exception=True)
        campaign = self.get_object()
        version = _version(request, campaign)
        data = _changed(_data_of(campaign), body.validated_data)
        return _answer(composing.update_campaign(campaign.pk, data, version=version))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a draft; what was sent is kept."""
        composing.delete_campaign(self.get_object().pk)
        return Response(status=HTTPStatus.NO_CONTENT)

    @extend_schema(request=None, responses=CampaignOut, parameters=[_MATCH])
    @action(detail=True, methods=["post"], filter_backends=[])
    def schedule(self, request: Request, pk: str) -> Response:
        """Let a draft be sent, at once or when its plan says."""
        campaign = self.get_object()
        version = _version(request, campaign)
        return _answer(scheduling.schedule_campaign(campaign.pk, version=version))

    @extend_schema(request=None, responses=CampaignOut)
    @action(detail=True, methods=["post"], filter_backends=[])
    def unschedule(self, request: Request, pk: str) -> Response:
        """Take one whose time has not come, or that failed before it began, back to a draft."""
        return _answer(scheduling.unschedule_campaign(self.get_object().pk))

    @extend_schema(request=ReasonIn, responses=CampaignOut)
    @action(detail=True, methods=["post"], filter_backends=[])
    def pause(self, request: Request, pk: str) -> Response:
        """Let it wait: nothing more leaves but what is being handed over at this moment."""
        reason = _reason(request)
        return _answer(scheduling.pause_campaign(self.get_object().pk, reason=reason))

    @extend_schema(request=None, responses=CampaignOut)
    @action(detail=True, methods=["post"], filter_backends=[])
    def resume(self, request: Request, pk: str) -> Response:
        """Let what was paused or failed go on where it stood."""
        return _answer(scheduling.resume_campaign(self.get_object().pk))

    @extend_schema(request=ReasonIn, responses=CampaignOut)
    @action(detail=True, methods=["post"], filter_backends=[])
    def cancel(self, request: Request, pk: str) -> Response:
        """End it for good; what has left stays sent."""
        reason = _reason(request)
        return _answer(scheduling.cancel_campaign(self.get_object().pk, reason=reason))

    @extend_schema(request=ResendIn, responses={201: CampaignOut})
    @action(detail=True, methods=["post"], filter_backends=[])
    def resend(self, request: Request, pk: str) -> Response:
        """Draft what goes to who got it and neither opened, clicked, unsubscribed nor ordered.

        Its template is a copy of the first one, which `campaigns:write` alone allows: no other
        template is made or changed.
        """
        body = ResendIn(data=request.data)
        body.is_valid(raise_exception=True)
        made = resend_campaign(self.get_object().pk, Resend(**body.validated_data))
        return _answer(made, HTTPStatus.CREATED)

    @extend_schema(responses=CampaignReportOut)
    @action(detail=True, filter_backends=[], pagination_class=None)
    def report(self, request: Request, pk: str) -> Response:
        """Say what came of it: by template, by reason, and beyond what people buy anyway."""
        campaign = self.get_object()
        told = tell_campaign(campaign, zone="UTC")
        currency = self.get_serializer_context()["currency"]
        row = {
            "campaign": campaign,
            "told": told,
            "currency": currency,
            "attribution": told.revenue_formula,
        }
        return Response(CampaignReportOut(row, context=self.get_serializer_context()).data)

    @extend_schema(request=None, responses=RehearsalOut)
    @action(detail=True, methods=["post"], url_path="dry-run", filter_backends=[])
    def dry_run(self, request: Request, pk: str) -> Response:
        """Ask every check for the audience as it is now, and count; nothing is written."""
        return Response(RehearsalOut(rehearse(self.get_object())).data)


def _answer(campaign: Campaign, status: HTTPStatus = HTTPStatus.OK) -> Response:
    headers = {"ETag": f'"{campaign.version}"'}
    return Response(CampaignOut(campaign).data, status=status, headers=headers)


def _version(request: Request, campaign: Campaign) -> int | None:
    said = filters.read_match(request.headers.get("If-Match", ""), str(campaign.version))
    number = said.strip('"')
    if not said:
        return None
    return int(number) if number.isdecimal() else -1  # nobody's version


def _reason(request: Request) -> str:
    body = ReasonIn(data=request.data)
    body.is_valid(raise_exception=True)
    return str(body.validated_data["reason"])


def _data_of(campaign: Campaign) -> CampaignData:
    names = [each.name for each in fields(CampaignData)]
    return CampaignData(**{name: getattr(campaign, name) for name in names})


def _changed(data: CampaignData, said: dict[str, Any]) -> CampaignData:
    changes: dict[str, Any] = {
        name: said[name] for name in ("name", "channel", "plan") if name in said
    }
    for name in _IDS:
        if name in said:
            ids: Sequence[str] = said[name]
            changes[name] = [int(each) for each in ids]
    return replace(data, **changes)
