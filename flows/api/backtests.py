"""`/api/v1/flows/{id}/backtest/`."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from flows.models import Flow
from flows.queries.trying import find_backtest
from flows.services.dry.backtests import MOST_DAYS, USUAL_DAYS, read_result, start_backtest
from tenants.api.filters import read_id, refuse_unknown
from tenants.api.resources import IdField, Resource
from tenants.choices import JobStatus
from tenants.models import ApiKey, Job


class BacktestIn(serializers.Serializer[Any]):
    """Over how many days, and what is tried."""

    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, default=USUAL_DAYS)
    definition = serializers.DictField(
        required=False, help_text="A definition that is not published; else the flow as it is."
    )


class BacktestOut(serializers.Serializer[Any]):
    """A replay; ``result`` is null until it is done, and once its file is gone after a week."""

    id = IdField()
    status = serializers.ChoiceField(choices=JobStatus.choices)
    done = serializers.IntegerField(help_text="People who were replayed.")
    total = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    result = serializers.DictField(
        allow_null=True,
        help_text=(
            "`people`, `entered`, `goals`, `running`, `failed`; `lost` people who could not be"
            " replayed and count nowhere; `really_sent` messages of the flow itself and `overlap`"
            " with these; counts by reason in `refused` and `ends`; `steps` by node; `messages` by"
            " node, day and outcome, `due` or the reason not to send; `expected` revenue as"
            " `low_minor` and `high_minor`, null while no order is"
            " credited to any flow; `approximations` in words."
        ),
    )


class BacktestActions(Resource[Flow]):
    """A flow replayed over stored events; nothing is sent and nothing of anybody changes."""

    @extend_schema(
        methods=["GET"],
        parameters=[OpenApiParameter("job", str, description="Id of a replay; else the last one.")],
        responses=BacktestOut,
    )
    @extend_schema(methods=["POST"], request=BacktestIn, responses=BacktestOut)
    @action(detail=True, methods=["get", "post"], filter_backends=[])
    def backtest(self, request: Request, pk: str) -> Response:
        """Start a replay of a flow over its last days, or read what one found."""
        flow: Flow = self.get_object()
        if request.method == "POST":
            asked = BacktestIn(data=request.data)
            asked.is_valid(raise_exception=True)
            job = start_backtest(
                flow,
                actor=f"key:{cast('ApiKey', request.auth).hint}",
                days=asked.validated_data["days"],
                graph=asked.validated_data.get("definition"),
            )
            return Response(_describe(job))
        refuse_unknown(request, {"job", "format"})
        found = find_backtest(flow.pk, _read_job(request))
        if found is None:
            raise NotFound
        return Response(_describe(found))


def _read_job(request: Request) -> int | None:
    word = request.query_params.get("job")
    if word is None:
        return None
    try:
        return read_id(word)
    except ValueError as exc:
        raise NotFound from exc


def _describe(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.pk),
        "status": job.status,
        "done": job.done,
        "total": job.total,
        "error": job.error,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "result": read_result(job),
    }
