"""`/api/v1/questions/`: what people ask about products, and what they were answered."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.bodies import Text
from crm.models import ProductQuestion
from crm.services.api_store import resolve_store
from crm.services.questions import upsert_question
from tenants.api import filters
from tenants.api.fields import Moment
from tenants.api.resources import IdField, ReadResource

_EXAMPLE = {
    "external_id": "q-1",
    "product_external_id": "632910392",
    "question": "Is it vegan?",
    "answer": "Yes, all of our soaps are.",
    "author": "Grace",
    "is_consented": True,
    "asked_at": "2026-05-04T10:00:00Z",
}


class QuestionIn(serializers.Serializer[Any]):
    """A question, or news of one, such as its answer; what is left out stays as it is."""

    external_id = serializers.CharField(max_length=200)
    store_id = serializers.CharField(required=False, help_text="Default: the store API.")
    product_external_id = Text(200, help_text="Empty: about the shop.")
    question = Text(2_000, help_text="Needed the first time.")
    answer = Text(5_000)
    author = Text(200, help_text="Of it the first name is kept, to be shown.")
    is_consented = serializers.BooleanField(
        required=False,
        help_text="Whether who asked agreed that others see it; else it is not shown.",
    )
    asked_at = Moment(required=False, allow_null=True)
    updated_at = Moment(required=False, allow_null=True)


class QuestionOut(serializers.Serializer[Any]):
    """A question about a product, or the shop where it names none."""

    id = IdField()
    store_id = IdField()
    external_id = serializers.CharField()
    product_external_id = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.CharField()
    author = serializers.CharField()
    is_consented = serializers.BooleanField()
    asked_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class QuestionViewSet(ReadResource[ProductQuestion]):
    """Questions and answers that mails can show, newest first."""

    scope_resource = "reviews"
    serializer_class = QuestionOut
    queryset = ProductQuestion.objects.all()
    filters = {
        "store_id": filters.number("store_id"),
        "external_id": filters.text("external_id"),
        "product_external_id": filters.text("product_external_id"),
        "created_at": filters.time("created_at"),
    }

    @extend_schema(
        request=QuestionIn,
        responses={200: QuestionOut, 201: QuestionOut},
        examples=[OpenApiExample("Question", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        """Create one, or bring the one with this ``external_id`` up to date.

        What is left out stays as it is. The same again changes nothing.
        """
        body = QuestionIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        store_id = resolve_store(said.pop("store_id", None))
        external_id, version_at = said.pop("external_id"), said.pop("updated_at", None)
        row, is_new = upsert_question(store_id, external_id, said, version_at)
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self.get_serializer(row).data, status=code)
