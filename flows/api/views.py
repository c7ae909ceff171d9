"""`/api/v1/flows/`."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from flows.api.backtests import BacktestActions
from flows.api.enrolling import Enrolling
from flows.api.library import LibraryActions
from flows.api.publishing import Publishing
from flows.api.reports import ReportActions
from flows.api.why import WhyActions
from flows.choices import FlowStatus, RunStatus
from flows.models import Flow, FlowRun, FlowVersion, RunStep
from flows.nodes import NODE_TYPES
from flows.nodes.triggers import TRIGGER_TYPES
from tenants.api import filters
from tenants.api.resources import IdField, ReadResource


class FlowOut(serializers.Serializer[Any]):
    """An automation; what it does is in its versions."""

    id = IdField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    status = serializers.ChoiceField(choices=FlowStatus.choices)
    version_number = serializers.IntegerField(help_text="Of the live version; 0 before the first.")
    holdout = serializers.SerializerMethodField(
        help_text="Percent of those who would enter that get nothing."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_holdout(self, flow: Flow) -> float:
        return flow.holdout / 100


class VersionOut(serializers.Serializer[Any]):
    """A frozen definition."""

    id = IdField()
    number = serializers.IntegerField()
    graph = serializers.DictField()
    checksum = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()


class StepOut(serializers.Serializer[Any]):
    """One visit of a node."""

    node_id = serializers.CharField()
    visit = serializers.IntegerField()
    result = serializers.CharField()
    at = serializers.DateTimeField()


class RunOut(serializers.Serializer[Any]):
    """One profile's passage through one version."""

    id = IdField()
    profile_id = IdField()
    version = serializers.IntegerField(source="version.number")
    run_key = serializers.CharField()
    trigger = serializers.DictField()
    status = serializers.ChoiceField(choices=RunStatus.choices)
    exit_reason = serializers.CharField()
    current_node = serializers.CharField()
    wake_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    steps = StepOut(many=True)


class NodeTypeOut(serializers.Serializer[Any]):
    """A type of node or trigger; ``schema`` is a JSON Schema."""

    type = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    schema = serializers.DictField()


class NodeTypeList(serializers.Serializer[Any]):
    """Every type of node, or of trigger."""

    results = NodeTypeOut(many=True)


class FlowViewSet(
    Publishing,
    Enrolling,
    LibraryActions,
    ReportActions,
    WhyActions,
    BacktestActions,
    ReadResource[Flow],
):
    """Automations, newest first."""

    scope_resource = "flows"
    serializer_class = FlowOut
    filters = {
        "key": filters.text("key", "Word of a library flow, such as win_back."),
        "name": filters.text("name"),
        "status": filters.choice("status", FlowStatus),
        "created_at": filters.time("created_at"),
        "updated_at": filters.time("updated_at"),
    }

    def get_queryset(self) -> QuerySet[Flow]:
        return Flow.objects.all()

    @extend_schema(responses=NodeTypeList)
    @action(detail=False, filter_backends=[], pagination_class=None)
    def nodes(self, request: Request) -> Response:
        """Describe every type of node with a JSON Schema."""
        return Response({"results": list(NODE_TYPES)})

    @extend_schema(responses=NodeTypeList)
    @action(detail=False, filter_backends=[], pagination_class=None)
    def triggers(self, request: Request) -> Response:
        """Describe everything that can start a flow with a JSON Schema."""
        return Response({"results": list(TRIGGER_TYPES)})

    @extend_schema(responses=VersionOut(many=True))
    @action(detail=True, filter_backends=[])
    def versions(self, request: Request, pk: str) -> Response:
        """List the versions of a flow, newest first."""
        return self.page(FlowVersion.objects.filter(flow_id=self.get_object().pk), VersionOut)

    @extend_schema(responses=RunOut(many=True))
    @action(detail=True, filter_backends=[])
    def runs(self, request: Request, pk: str) -> Response:
        """List the runs of a flow with their steps, newest first."""
        steps = Prefetch("steps", RunStep.objects.order_by("pk"))
        runs = FlowRun.objects.filter(flow_id=self.get_object().pk)
        return self.page(runs.select_related("version").prefetch_related(steps), RunOut)
