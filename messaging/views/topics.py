"""Topics of marketing: the list, and the page of one."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.errors import DomainError, NotFound
from messaging.forms import TopicForm
from messaging.models import Topic
from messaging.queries.preferences import (
    find_topic,
    list_marketing_templates,
    list_topic_rows,
)
from messaging.services import topics
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def topic_list(request: TenantRequest) -> HttpResponse:
    """List the topics with the emails of each."""
    return render(request, "messaging/topics.html", {"rows": list_topic_rows()})


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def new_topic(request: TenantRequest) -> HttpResponse:
    """Show the form; a POST adds the topic."""
    form = TopicForm(request.POST or None, templates=_choices())
    if request.method == "POST" and form.is_valid():
        try:
            made = topics.add_topic(*_read(form), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, f"{made.name} stands on the preference page from now on.")
            return redirect("messaging:topics", request.tenant.slug)
    return _show(request, form)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def topic(request: TenantRequest, topic_id: int) -> HttpResponse:
    """Show one topic; a POST changes it."""
    found = find_topic(topic_id)
    if found is None:
        raise Http404
    initial = {
        "name": found.topic.name,
        "description": found.topic.description,
        "templates": [template.pk for template in found.templates],
    }
    form = TopicForm(request.POST or None, initial=initial, templates=_choices())
    if request.method == "POST" and form.is_valid():
        try:
            is_new = topics.update_topic(topic_id, *_read(form), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved" if is_new else "Nothing to save.")
            return redirect("messaging:topics", request.tenant.slug)
    return _show(request, form, found.topic)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove(request: TenantRequest, topic_id: int) -> HttpResponse:
    """Remove a topic."""
    try:
        name = topics.remove_topic(topic_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, f"{name} is removed. Its emails go to everybody who gets marketing.")
    return redirect("messaging:topics", request.tenant.slug)


def _show(request: TenantRequest, form: TopicForm, found: Topic | None = None) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/topic.html", {"form": form, "topic": found}, status=status)


def _read(form: TopicForm) -> tuple[str, str, list[int]]:
    found = form.cleaned_data
    return found["name"], found["description"], found.get("templates", [])


def _choices() -> list[tuple[int, str]]:
    return [(each.pk, each.name) for each in list_marketing_templates()]


def _blame(form: TopicForm, exc: DomainError) -> None:
    for field, text in (exc.fields or {"name": exc.detail}).items():
        form.add_error(field, text)
