"""Channels: the accounts at providers over which messages leave."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.domain.channels import CHANNEL_LABELS
from kernel.errors import Conflict, Invalid
from messaging.channels.base import Provider
from messaging.channels.registry import find_provider
from messaging.forms import AccountForm
from messaging.models import ChannelAccount
from messaging.queries.accounts import find_account, list_accounts, list_choices
from messaging.queries.replies import find_replies
from messaging.services import accounts
from messaging.services.spending import set_prices
from messaging.types import AccountData
from messaging.views.price_forms import PricesForm, prices_form
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def channel_list(request: TenantRequest) -> HttpResponse:
    """List the accounts by channel."""
    return render(request, "messaging/channels.html", {"groups": list_accounts()})


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def connect(request: TenantRequest) -> HttpResponse:
    """Offer every provider, or ask for what the chosen one needs; a POST connects the account."""
    known = find_provider(request.GET.get("channel", ""), request.GET.get("provider", ""))
    if known is None:
        return render(request, "messaging/choose_provider.html", {"groups": list_choices()})
    form = AccountForm(known, request.POST or None, initial={"name": known.label})
    if request.method == "POST" and form.is_valid():
        try:
            made = accounts.connect_account(_data(known, form), actor=request.user.email)
        except Invalid as exc:
            _blame(form, exc)
        else:
            messages.success(request, f"{made.name} is connected. Check it before you rely on it.")
            return redirect("messaging:channel", request.tenant.slug, made.pk)
    return _show(request, known, form)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def channel(request: TenantRequest, channel_id: int) -> HttpResponse:
    """Show one account; a POST changes it."""
    found = _find(channel_id)
    known = _provider(found.channel, found.provider)
    initial = {"name": found.name, **found.options}
    form = AccountForm(known, request.POST or None, initial=initial, is_connected=True)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.update_account(channel_id, _data(known, form), actor=request.user.email)
        except Invalid as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved")
            return redirect("messaging:channel", request.tenant.slug, channel_id)
    return _show(request, known, form, found)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def prices(request: TenantRequest, channel_id: int) -> HttpResponse:
    """Keep what messages over an account cost."""
    found = _find(channel_id)
    form = prices_form(found, request.POST)
    if form is None:
        messages.error(request, "Mail and push have no price for each message.")
        return redirect("messaging:channel", request.tenant.slug, channel_id)
    if form.is_valid():
        said = form.cleaned_data
        try:
            set_prices(channel_id, said["currency"], said["prices"], actor=request.user.email)
        except Invalid as exc:
            for field, text in exc.fields.items():
                form.add_error(field, text)
        else:
            messages.success(request, "Saved. The prices hold for what leaves from now on.")
            return redirect("messaging:channel", request.tenant.slug, channel_id)
    known = _provider(found.channel, found.provider)
    own = AccountForm(known, initial={"name": found.name, **found.options}, is_connected=True)
    return _show(request, known, own, found, form)


@transaction.non_atomic_requests
@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def check(request: TenantRequest, channel_id: int) -> HttpResponse:
    """Ask the provider whether the account works; nothing is sent."""
    with transaction.atomic():
        found = _find(channel_id)
    fault = accounts.check_account(channel_id)
    with transaction.atomic():
        if fault:
            messages.error(request, fault)
        else:
            messages.success(request, f"{found.name} answers, and takes these credentials.")
    return redirect("messaging:channel", request.tenant.slug, channel_id)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def make_default(request: TenantRequest, channel_id: int) -> HttpResponse:
    """Let the messages of its channel leave over an account."""
    found = _find(channel_id)
    accounts.make_default(channel_id, actor=request.user.email)
    label = CHANNEL_LABELS[found.channel]
    messages.success(request, f"{label} leaves over {found.name} from now on.")
    return redirect("messaging:channels", request.tenant.slug)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def pause(request: TenantRequest, channel_id: int) -> HttpResponse:
    """Let nothing leave over an account."""
    found = _find(channel_id)
    reason = f"Paused by {request.user.email}"
    accounts.pause_account(channel_id, reason, actor=request.user.email)
    messages.success(request, f"{found.name} is paused. What is due waits.")
    return redirect("messaging:channel", request.tenant.slug, channel_id)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def resume(request: TenantRequest, channel_id: int) -> HttpResponse:
    """Let messages leave over an account again."""
    found = _find(channel_id)
    accounts.resume_account(channel_id, actor=request.user.email)
    messages.success(request, f"Messages leave over {found.name} again.")
    return redirect("messaging:channel", request.tenant.slug, channel_id)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove(request: TenantRequest, channel_id: int) -> HttpResponse:
    """Forget an account and its credentials."""
    found = _find(channel_id)
    try:
        accounts.remove_account(channel_id, actor=request.user.email)
    except Conflict as exc:
        messages.error(request, exc.detail)
        return redirect("messaging:channel", request.tenant.slug, channel_id)
    messages.success(request, f"{found.name} is removed.")
    return redirect("messaging:channels", request.tenant.slug)


def _show(
    request: HttpRequest,
    known: Provider,
    form: AccountForm,
    found: ChannelAccount | None = None,
    priced: PricesForm | None = None,
) -> HttpResponse:
    has_address = found is not None and known.read_callback is not None
    context: dict[str, Any] = {
        "form": form,
        "provider": known,
        "channel_label": CHANNEL_LABELS[known.channel],
        "account": found,
        "callback_url": accounts.callback_url(found) if found and has_address else "",
        "replies": find_replies(found) if found else None,
        "prices_form": priced or prices_form(found),
    }
    has_errors = bool(form.errors or (priced is not None and priced.errors))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if has_errors else HTTPStatus.OK
    return render(request, "messaging/channel.html", context, status=status)


def _data(known: Provider, form: AccountForm) -> AccountData:
    said = form.cleaned_data
    return AccountData(
        channel=known.channel,
        provider=known.name,
        name=said["name"],
        credentials={asked.name: said[asked.name] for asked in known.credentials},
        options={asked.name: said[asked.name] for asked in known.options if said[asked.name]},
    )


def _blame(form: AccountForm, exc: Invalid) -> None:
    for field, text in (exc.fields or {"name": exc.detail}).items():
        form.add_error(field if field in form.fields else None, text)


def _provider(kind: str, name: str) -> Provider:
    known = find_provider(kind, name)
    if known is None:
        raise Http404
    return known


def _find(channel_id: int) -> ChannelAccount:
    found = find_account(channel_id)
    if found is None:
        raise Http404
    return found
