"""`/api/v1/templates/`."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.choices import Channel
from messaging.choices import MessageClass
from messaging.models import Template
from messaging.services.authoring import (
    MAX_NAME,
    Draft,
    clean_tags,
    create_template,
    draft_from,
    update_template,
    version_of,
)
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource

MAX_PART = 400_000
PARTS = ("subject", "preheader", "mjml", "text", "content")


class TemplateOut(serializers.Serializer[Any]):
    """What messages of one kind say; `html` is the MJML compiled, with its Liquid inside."""

    id = IdField()
    key = serializers.CharField()
    name = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.choices)
    topic_id = IdField()
    subject = serializers.CharField()
    preheader = serializers.CharField()
    mjml = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField()
    content = serializers.DictField()
    tags = serializers.ListField(child=serializers.CharField())
    is_archived = serializers.BooleanField()
    version = serializers.IntegerField()
    updated_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add ``class``, which is no name in Python."""
        shape = serializers.ChoiceField(choices=MessageClass.choices, source="message_class")
        return {**super().get_fields(), "class": shape}


class TemplateIn(serializers.Serializer[Any]):
    """What is to change of a template."""

    name = serializers.CharField(max_length=MAX_NAME, required=False)
    topic_id = serializers.RegexField(r"^[0-9]{1,18}$", required=False, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False)
    subject = serializers.CharField(max_length=500, required=False, allow_blank=True)
    preheader = serializers.CharField(max_length=500, required=False, allow_blank=True)
    mjml = serializers.CharField(
        max_length=MAX_PART,
        required=False,
        allow_blank=True,
        help_text="MJML with Liquid and blocks, of an email.",
    )
    text = serializers.CharField(
        max_length=MAX_PART,
        required=False,
        allow_blank=True,
        help_text="Empty for an email: it is read off the MJML.",
    )
    content = serializers.DictField(
        required=False,
        help_text="`title`, `url`, `image` of a push; what Meta approved of WhatsApp; `sender` (an "
        "id) of an email that is from somebody of its own.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add ``class``, which is no name in Python."""
        shape = serializers.ChoiceField(choices=MessageClass.choices, required=False)
        return {**super().get_fields(), "class": shape}


class TemplateNew(TemplateIn):
    """A new template."""

    name = serializers.CharField(max_length=MAX_NAME)
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.EMAIL)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Ask for ``class``."""
        shape = serializers.ChoiceField(choices=MessageClass.choices)
        return {**super().get_fields(), "class": shape}


class TemplateViewSet(ReadResource[Template]):
    """What messages say: templates of every channel."""

    scope_resource = "templates"
    serializer_class = TemplateOut
    filters = {
        "channel": filters.choice("channel", Channel),
        "class": filters.choice("message_class", MessageClass),
        "key": filters.text("key", "Stable word of a template, such as win_back."),
        "updated_at": filters.time("updated_at"),
    }

    def get_queryset(self) -> QuerySet[Template]:
        return Template.objects.all()

    @extend_schema(responses=TemplateOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one template; its `ETag` changes with every change of it."""
        return _answer(self.get_object())

    @extend_schema(request=TemplateNew, responses={201: TemplateOut})
    def create(self, request: Request) -> Response:
        """Make a template; what cannot be compiled is refused with the part that holds it."""
        body = TemplateNew(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        empty = Draft(name=said["name"], channel=said["channel"], message_class=said["class"])
        made = create_template(_changed(empty, said))
        return _answer(made, HTTPStatus.CREATED)

    @extend_schema(
        request=TemplateIn,
        responses=TemplateOut,
        parameters=[
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="The `ETag` that was read: 412 when somebody changed it meanwhile.",
            )
        ],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a template; what is left out stays as it is."""
        body = TemplateIn(data=request.data)
        body.is_valid(raise_exception=True)
        template = self.get_object()
        version = filters.read_match(request.headers.get("If-Match", ""), version_of(template))
        update_template(
            template.pk, _changed(draft_from(template), body.validated_data), version=version
        )
        return _answer(self.get_object())


def _answer(template: Template, status: HTTPStatus = HTTPStatus.OK) -> Response:
    headers = {"ETag": f'"{version_of(template)}"'}
    return Response(TemplateOut(template).data, status=status, headers=headers)


def _changed(draft: Draft, said: dict[str, Any]) -> Draft:
    changes: dict[str, Any] = {name: said[name] for name in ("name", *PARTS) if name in said}
    if "class" in said:
        changes["message_class"] = said["class"]
    if "tags" in said:
        tags: Sequence[str] = said["tags"]
        changes["tags"] = clean_tags(",".join(tags))
    if "topic_id" in said:
        changes["topic_id"] = int(said["topic_id"]) if said["topic_id"] else None
    return replace(draft, **changes)
