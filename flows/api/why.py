"""`/api/v1/flows/{id}/people/{profile_id}/`."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from crm.queries.resources import is_profile
from flows.choices import EntryOutcome, RunStatus
from flows.models import Flow
from flows.queries.stories import Telling
from flows.services.why import Attempt, Check, explain
from kernel import clock
from tenants.api.filters import refuse_unknown
from tenants.api.resources import ID_PATTERN, IdField, Resource


class CheckOut(serializers.Serializer[Any]):
    """One thing that decides whether the person would get in and be written to today."""

    key = serializers.CharField()
    text = serializers.CharField()
    passed = serializers.BooleanField(
        allow_null=True, help_text="Null where only the event itself decides."
    )
    detail = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class ToldOut(serializers.Serializer[Any]):
    """One line of a run; ``message`` with every gate where the step queued one."""

    title = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField()
    message = serializers.DictField(allow_null=True)


class AttemptOut(serializers.Serializer[Any]):
    """One attempt to enter, and what came of it."""

    at = serializers.DateTimeField()
    event_id = IdField(allow_null=True)
    outcome = serializers.ChoiceField(choices=EntryOutcome.choices)
    reason = serializers.CharField()
    reason_text = serializers.CharField()
    run_id = IdField(allow_null=True)
    status = serializers.ChoiceField(choices=RunStatus.choices, allow_null=True)
    exit_reason = serializers.CharField()
    steps = ToldOut(many=True)


class WhyOut(serializers.Serializer[Any]):
    """Why a person got what a flow sends, or did not; attempts are newest first."""

    flow_id = IdField()
    profile_id = IdField()
    checks = CheckOut(many=True)
    attempts = AttemptOut(many=True)


class WhyActions(Resource[Flow]):
    """Why somebody got what a flow sends, or did not."""

    @extend_schema(
        parameters=[OpenApiParameter("profile_id", str, "path", description="A profile.")],
        responses=WhyOut,
    )
    @action(
        detail=True,
        filter_backends=[],
        pagination_class=None,
        url_path=f"people/(?P<profile_id>{ID_PATTERN})",
    )
    def people(self, request: Request, pk: str, profile_id: str) -> Response:
        """Read every attempt of a person to enter, every step, every message and every gate."""
        flow: Flow = self.get_object()
        refuse_unknown(request, {"format"})
        if not is_profile(int(profile_id)):
            raise NotFound
        why = explain(flow, int(profile_id), clock.now())
        body = {
            "flow_id": str(flow.pk),
            "profile_id": profile_id,
            "checks": [_describe_check(check) for check in why.checks],
            "attempts": [_describe_attempt(attempt) for attempt in why.attempts],
        }
        return Response(body)


def _describe_check(check: Check) -> dict[str, Any]:
    return {
        "key": check.key,
        "text": check.words,
        "passed": check.passed,
        "detail": check.detail,
        "at": check.at,
    }


def _describe_attempt(attempt: Attempt) -> dict[str, Any]:
    entry, run = attempt.entry, attempt.run
    return {
        "at": attempt.at,
        "event_id": str(entry.event_id) if entry is not None else None,
        "outcome": entry.outcome if entry is not None else EntryOutcome.ENROLLED,
        "reason": entry.reason if entry is not None else "",
        "reason_text": attempt.reason,
        "run_id": str(run.pk) if run is not None else None,
        "status": run.status if run is not None else None,
        "exit_reason": run.exit_reason if run is not None else "",
        "steps": [_describe_line(line) for line in attempt.told],
    }


def _describe_line(line: Telling) -> dict[str, Any]:
    message = dict(line.message) if line.message is not None else None
    if message is not None:
        message.pop("judgement", None)
    return {"title": line.title, "text": line.words, "at": line.at, "message": message}
