"""Senders: who mails are from, and the page on which an address is confirmed."""

from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.errors import Conflict, DomainError, NotFound
from kernel.tenancy import tenant_scope
from messaging.errors import TokenInvalid
from messaging.forms import DomainForm, SenderForm
from messaging.models import Sender
from messaging.queries.sender_rules import list_rules
from messaging.queries.senders import find_sender, is_verified, list_domains, list_senders
from messaging.services import senders, tokens
from messaging.types import SenderData
from tenants.domain import capabilities
from tenants.queries import find_tenant_name
from tenants.services.access import requires
from tenants.services.limits import is_allowed
from tenants.types import TenantRequest

TOO_MANY = "Too many links in an hour. Try again later; no mail was sent."


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def sender_list(request: TenantRequest) -> HttpResponse:
    """List the senders and the domains they write from."""
    domains = list_domains()
    context = {
        "rows": list_senders(domains),
        "rules": list_rules(),
        "domains": domains,
        "domain_form": DomainForm(),
    }
    return render(request, "messaging/senders.html", context)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def new_sender(request: TenantRequest) -> HttpResponse:
    """Show the form; a POST adds the sender and sends the link that verifies it."""
    form = SenderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = senders.add_sender(SenderData(**form.cleaned_data), actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            _ask(request, made)
            return redirect("messaging:senders", request.tenant.slug)
    return _show(request, form)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def sender(request: TenantRequest, sender_id: int) -> HttpResponse:
    """Show one sender; a POST changes it."""
    found = _find(sender_id)
    initial = {"name": found.name, "email": found.email, "reply_to": found.reply_to}
    form = SenderForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = SenderData(**form.cleaned_data)
        try:
            senders.update_sender(sender_id, data, actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            messages.success(request, "Saved")
            return redirect("messaging:senders", request.tenant.slug)
    return _show(request, form, found)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def make_default(request: TenantRequest, sender_id: int) -> HttpResponse:
    """Let all mails leave from this sender."""
    found = _find(sender_id)
    try:
        senders.make_default(sender_id, actor=request.user.email)
    except Conflict as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, f"Mails leave from {found.email} from now on.")
    return redirect("messaging:senders", request.tenant.slug)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def verify(request: TenantRequest, sender_id: int) -> HttpResponse:
    """Send the link that verifies the address."""
    _ask(request, _find(sender_id))
    return redirect("messaging:senders", request.tenant.slug)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove(request: TenantRequest, sender_id: int) -> HttpResponse:
    """Remove a sender that is not used."""
    try:
        address = senders.remove_sender(sender_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except Conflict as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, f"{address} is removed.")
    return redirect("messaging:senders", request.tenant.slug)


@csrf_exempt  # the token proves who asks
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def verify_page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, as scanners follow every link; verify the address on POST."""
    try:
        found = tokens.read_sender_token(token)
    except TokenInvalid:
        return render(request, "messaging/verify.html", status=HTTPStatus.NOT_FOUND)
    with tenant_scope(found.tenant_id), transaction.atomic():
        shop = find_tenant_name(found.tenant_id)
        is_done = request.method == "POST" and senders.verify_sender(found) is not None
    context = {"shop": shop, "email": found.email, "is_done": is_done}
    if request.method == "POST" and not is_done:
        context["shop"] = ""
    status = HTTPStatus.OK if context["shop"] else HTTPStatus.NOT_FOUND
    return render(request, "messaging/verify.html", context, status=status)


def _show(request: TenantRequest, form: SenderForm, found: Sender | None = None) -> HttpResponse:
    context = {
        "form": form,
        "sender": found,
        "is_verified": found is not None and is_verified(found),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/sender.html", context, status=status)


def _ask(request: TenantRequest, found: Sender) -> None:
    """Send the link; limited, as anybody's address can be named and gets our mail."""
    if not is_allowed(request, "verify_sender", key=str(request.tenant.pk)):
        messages.error(request, TOO_MANY)
    elif senders.ask_to_verify(found.pk):
        messages.success(request, f"A link is on its way to {found.email}.")
    elif is_verified(found):
        messages.success(request, f"{found.email} is verified.")
    else:
        messages.info(request, "A link was sent within the last minute. Look for it first.")


def _blame(form: SenderForm, exc: DomainError) -> None:
    for field, text in (exc.fields or {"email": exc.detail}).items():
        form.add_error(field, text)


def _find(sender_id: int) -> Sender:
    found = find_sender(sender_id)
    if found is None:
        raise Http404
    return found
