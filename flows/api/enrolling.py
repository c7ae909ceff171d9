"""Putting people into a flow over the API."""

from dataclasses import asdict
from typing import Any, Final
from uuid import uuid4

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from flows.api.publishing import actor_of
from flows.models import Flow
from flows.services.manual import enrol_people, preview_people
from flows.services.product_issues import (
    MOST_NUMBERS,
    MOST_WORDS,
    Issue,
    notify_buyers,
    preview_issue,
)
from tenants.api.fields import Day
from tenants.api.resources import IdField, Resource

MOST_PEOPLE: Final = 1_000
MAX_ID: Final = 2**63 - 1


class EnrolIn(serializers.Serializer[Any]):
    """People who shall enter a flow, and what it shall know of the start."""

    profile_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        default=list,
        max_length=MOST_PEOPLE,
    )
    properties = serializers.DictField(
        default=dict,
        help_text="Known to conditions, waits and messages like the properties of an event.",
    )
    dry_run = serializers.BooleanField(
        default=False, help_text="Only say what would become of them."
    )


class EnrolOut(serializers.Serializer[Any]):
    """What became of them, or would; ``refused`` counts people by reason."""

    asked = serializers.IntegerField()
    enrolled = serializers.IntegerField()
    held_out = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Ids that are no known person.")
    refused = serializers.DictField(child=serializers.IntegerField())


class Words(serializers.CharField):
    """A text that may be left out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, allow_blank=True, default="", max_length=MOST_WORDS, **kwargs
        )


class ProductIssueIn(serializers.Serializer[Any]):
    """Something that was sold and is faulty or not safe."""

    product_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    variant_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        default=list,
        max_length=MOST_PEOPLE,
        help_text="Empty: all of the product.",
    )
    first_day = Day()
    last_day = Day()
    lot = Words()
    order_numbers = serializers.ListField(
        child=serializers.CharField(max_length=200),
        default=list,
        max_length=MOST_NUMBERS,
        help_text="Orders that the lot went to. Empty: all orders of these days.",
    )
    what = Words(help_text="What they must know; needed to send.")
    advice = Words(help_text="What they do now.")
    dry_run = serializers.BooleanField(default=True, help_text="Only count who bought it.")


class ProductIssueOut(serializers.Serializer[Any]):
    """Who bought it; ``job_id`` is null where nobody is written to yet."""

    people = serializers.IntegerField()
    by_email = serializers.IntegerField()
    by_phone = serializers.IntegerField(help_text="Without an email address.")
    unreachable = serializers.IntegerField(help_text="With neither; your team gets a task.")
    orders = serializers.IntegerField()
    pieces = serializers.IntegerField()
    nobody = serializers.IntegerField(help_text="Orders of which no person is known.")
    linkable = serializers.IntegerField(help_text="Of these, with an address to write to.")
    job_id = IdField()


class Enrolling(Resource[Flow]):
    """Adds the way in by hand to the resource of flows."""

    @extend_schema(request=EnrolIn, responses=EnrolOut)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def enrol(self, request: Request, pk: str) -> Response:
        """Let people enter a flow that is on, and say what became of them.

        They pass every stage of the entry pipeline but the trigger filter. Send an
        ``Idempotency-Key``: a repeat without one asks anew, and whoever may enter again does.
        """
        flow = self.get_object()
        body = EnrolIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        if said["dry_run"]:
            counts = preview_people(flow.pk, said["profile_ids"], said["properties"])
        else:
            counts = enrol_people(
                flow.pk,
                said["profile_ids"],
                actor=actor_of(request),
                key=f"call:{uuid4()}",
                properties=said["properties"],
            )
        return Response(EnrolOut(counts.to_json()).data)

    @extend_schema(request=ProductIssueIn, responses=ProductIssueOut)
    @action(
        detail=False,
        methods=["post"],
        url_path="product-issue",
        filter_backends=[],
        pagination_class=None,
    )
    def product_issue(self, request: Request) -> Response:
        """Count who bought something, guests too, and write to all of them about what is wrong.

        The message is of the class ``safety``: consent and limits of promotions do not stop it.
        """
        body = ProductIssueIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        is_dry = said.pop("dry_run")
        numbers, variants = tuple(said.pop("order_numbers")), tuple(said.pop("variant_ids"))
        issue = Issue(**said, numbers=numbers, variant_ids=variants)
        counts = preview_issue(issue).counts
        job_id = None
        if not is_dry:
            key = f"call:{issue.fingerprint}"  # the same words again reach who was not reached yet
            job_id = notify_buyers(issue, actor=actor_of(request), key=key).pk
        return Response(ProductIssueOut({**asdict(counts), "job_id": job_id}).data)
