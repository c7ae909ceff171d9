"""The page of tasks: what members shall do for people."""

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from flows.choices import TaskState
from flows.queries import runs
from flows.queries.tasks import list_tasks
from flows.services.tasks import finish_task
from flows.views.pages import read_number
from kernel import clock
from kernel.errors import DomainError, NotFound
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

_TABS: Final = (
    ("Open", TaskState.OPEN),
    ("Done", TaskState.DONE),
    ("Cancelled", TaskState.CANCELLED),
)


@requires(capabilities.VIEW)
@require_GET
def task_list(request: TenantRequest) -> HttpResponse:
    """List the tasks of a state, newest first."""
    state = request.GET.get("state", "")
    state = state if state in TaskState.values else str(TaskState.OPEN)
    address = reverse("flows:tasks", args=[request.tenant.slug])
    context = {
        "page": runs.page_of(
            list_tasks(state),
            after=read_number(request, "after"),
            before=read_number(request, "before"),
        ),
        "state": state,
        "now": clock.now(),
        "tabs": [
            {"label": label, "url": f"{address}?state={word}", "active": word == state}
            for label, word in _TABS
        ],
        "may_finish": may(request.member.role, capabilities.WRITE_NOTES),
    }
    return render(request, "flows/tasks.html", context)


@requires(capabilities.WRITE_NOTES)
@require_POST
def finish(request: TenantRequest, task_id: int) -> HttpResponse:
    """Say what became of a task."""
    try:
        task = finish_task(task_id, request.POST.get("state", ""), actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, f"{task.title}: {task.get_state_display().lower()}.")
    return redirect("flows:tasks", request.tenant.slug)
