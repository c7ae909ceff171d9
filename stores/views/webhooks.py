"""Webhooks that go out: endpoints of the merchant's own software, and every delivery."""

import json
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.errors import Conflict, DomainError
from kernel.keyset import Place
from stores.choices import OutgoingStatus
from stores.forms import WebhookForm
from stores.models import WebhookDelivery, WebhookEndpoint
from stores.queries import outgoing
from stores.services import endpoints
from stores.services.endpoints import EndpointData
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.MANAGE_KEYS)
@require_GET
def webhook_list(request: TenantRequest) -> HttpResponse:
    """List the endpoints with how their newest delivery stands."""
    return render(request, "stores/webhooks.html", {"rows": outgoing.endpoints()})


@requires(capabilities.MANAGE_KEYS)
@never_cache
@require_http_methods(["GET", "POST"])
def new_webhook(request: TenantRequest) -> HttpResponse:
    """Ask where to; a POST makes the endpoint and shows its secret, this once."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = endpoints.add_endpoint(_data(form), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            context = {"endpoint": made, "secret": secret}
            return render(request, "stores/webhook_secret.html", context, status=HTTPStatus.CREATED)
    return _form(request, form)


@requires(capabilities.MANAGE_KEYS)
@require_GET
def webhook(request: TenantRequest, webhook_id: int) -> HttpResponse:
    """Show an endpoint and a page of its deliveries."""
    found = _find(webhook_id)
    status = request.GET.get("status", "")
    if status not in OutgoingStatus.values:
        status = ""
    place = Place(after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {
        "endpoint": found,
        "page": outgoing.list_deliveries(webhook_id, status, place),
        "status": status,
        "statuses": OutgoingStatus.choices,
    }
    return render(request, "stores/webhook.html", context)


@requires(capabilities.MANAGE_KEYS)
@require_http_methods(["GET", "POST"])
def edit_webhook(request: TenantRequest, webhook_id: int) -> HttpResponse:
    """Show what an endpoint is told; a POST changes it."""
    found = _find(webhook_id)
    initial = {
        "url": found.url,
        "description": found.description,
        "types": found.types,
        "is_enabled": found.is_enabled,
    }
    form = WebhookForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.update_endpoint(webhook_id, _data(form), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved")
            return redirect("stores:webhook", request.tenant.slug, webhook_id)
    return _form(request, form, found)


@requires(capabilities.MANAGE_KEYS)
@never_cache
@require_POST
def rotate(request: TenantRequest, webhook_id: int) -> HttpResponse:
    """Give an endpoint a new secret, and show it this once."""
    found = _find(webhook_id)
    secret = endpoints.rotate_secret(webhook_id, actor=request.user.email)
    context = {"endpoint": found, "secret": secret, "is_rotated": True}
    return render(request, "stores/webhook_secret.html", context)


@requires(capabilities.MANAGE_KEYS)
@require_POST
def test_webhook(request: TenantRequest, webhook_id: int) -> HttpResponse:
    """Let a test go out."""
    _find(webhook_id)
    try:
        endpoints.send_test(webhook_id)
    except Conflict as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "A test is on its way. Reload to see how it was answered.")
    return redirect("stores:webhook", request.tenant.slug, webhook_id)


@requires(capabilities.MANAGE_KEYS)
@require_POST
def remove_webhook(request: TenantRequest, webhook_id: int) -> HttpResponse:
    """Remove an endpoint with its deliveries."""
    _find(webhook_id)
    url = endpoints.remove_endpoint(webhook_id, actor=request.user.email)
    messages.success(request, f"{url} is told nothing any more.")
    return redirect("stores:webhooks", request.tenant.slug)


@requires(capabilities.MANAGE_KEYS)
@require_GET
def webhook_delivery(request: TenantRequest, outgoing_id: int) -> HttpResponse:
    """Show what was posted, and each try with its answer."""
    found = _delivery(outgoing_id)
    body = json.loads(found.body) if found.body else None
    context = {"delivery": found, "body": body}
    return render(request, "stores/webhook_delivery.html", context)


@requires(capabilities.MANAGE_KEYS)
@require_POST
def replay_webhook(request: TenantRequest, outgoing_id: int) -> HttpResponse:
    """Post a delivery once more."""
    found = _delivery(outgoing_id)
    try:
        endpoints.replay(found.pk, actor=request.user.email)
    except Conflict as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "It is posted once more, under the webhook-id that it had.")
    return redirect("stores:webhook_delivery", request.tenant.slug, outgoing_id)


def _form(
    request: HttpRequest, form: WebhookForm, found: WebhookEndpoint | None = None
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "endpoint": found}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "stores/webhook_form.html", context, status=status)


def _data(form: WebhookForm) -> EndpointData:
    return EndpointData(**form.cleaned_data)


def _blame(form: WebhookForm, exc: DomainError) -> None:
    for name, text in (exc.fields or {"url": exc.detail}).items():
        form.add_error(name, text)


def _find(webhook_id: int) -> WebhookEndpoint:
    found = outgoing.find_endpoint(webhook_id)
    if found is None:
        raise Http404
    return found


def _delivery(outgoing_id: int) -> WebhookDelivery:
    found = outgoing.find_delivery(outgoing_id)
    if found is None:
        raise Http404
    return found
