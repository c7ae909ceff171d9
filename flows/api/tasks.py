"""`/api/v1/tasks/`: what members shall do for people."""

from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from flows.api.publishing import actor_of
from flows.choices import TaskState
from flows.models import Task
from flows.services.tasks import MOST_TITLE, OUTCOMES, finish_task, open_task
from tenants.api import filters
from tenants.api.fields import Moment
from tenants.api.resources import IdField, ReadResource

MAX_ID: Final = 2**63 - 1


class TaskOut(serializers.Serializer[Any]):
    """Something that a member shall do for a person."""

    id = IdField()
    profile_id = IdField()
    run_id = IdField()
    title = serializers.CharField()
    assignee = serializers.CharField(help_text="Empty: whoever comes first.")
    due_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=TaskState.choices)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    finished_at = serializers.DateTimeField(allow_null=True)
    finished_by = serializers.CharField()


class TaskIn(serializers.Serializer[Any]):
    """A new task for a person."""

    profile_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    title = serializers.CharField(max_length=MOST_TITLE)
    assignee = serializers.EmailField(required=False, allow_blank=True, default="")
    due_at = Moment(required=False, allow_null=True, default=None)


class OutcomeIn(serializers.Serializer[Any]):
    """What became of a task."""

    state = serializers.ChoiceField(
        choices=[str(state) for state in OUTCOMES], default=str(TaskState.DONE)
    )


class TaskViewSet(ReadResource[Task]):
    """What members shall do for people, newest first."""

    scope_resource = "tasks"
    serializer_class = TaskOut
    filters = {
        "profile_id": filters.number("profile_id"),
        "state": filters.choice("state", TaskState),
        "assignee": filters.text("assignee"),
        "created_at": filters.time("created_at"),
        "due_at": filters.time("due_at"),
    }

    def get_queryset(self) -> QuerySet[Task]:
        return Task.objects.all()

    @extend_schema(request=TaskIn, responses={201: TaskOut})
    def create(self, request: Request) -> Response:
        """Open a task for a person."""
        body = TaskIn(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        task = open_task(
            said["profile_id"],
            said["title"],
            assignee=said["assignee"],
            due_at=said["due_at"],
            actor=actor_of(request),
        )
        return Response(TaskOut(task).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=OutcomeIn, responses=TaskOut)
    @action(detail=True, methods=["post"], filter_backends=[], pagination_class=None)
    def finish(self, request: Request, pk: str) -> Response:
        """Say that a task is done, or cancelled; a run that waits for it goes on."""
        body = OutcomeIn(data=request.data)
        body.is_valid(raise_exception=True)
        task = finish_task(
            self.get_object().pk, body.validated_data["state"], actor=actor_of(request)
        )
        return Response(TaskOut(task).data)
