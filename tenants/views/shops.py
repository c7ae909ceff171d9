"""A new shop: the step after signing up, and another one for those who have one."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from kernel.errors import DomainError
from tenants import queries
from tenants.domain.origins import currency_of, guess_country, zone_of
from tenants.forms.problems import add_problem
from tenants.forms.shops import ShopForm
from tenants.models import Tenant, User
from tenants.services.limits import is_allowed
from tenants.services.tenants import TenantData, create_tenant


@login_required
@require_http_methods(["GET", "POST"])
def create_shop(request: HttpRequest) -> HttpResponse:
    """Ask what the shop is; a POST makes it and leads to connecting its store."""
    user = cast("User", request.user)
    if not _may_create(user):
        raise PermissionDenied("shops.create")
    form = ShopForm(request.POST or None, initial=_guess(request))
    tenant = _create(request, form, user) if request.method == "POST" else None
    if tenant is not None:
        address = reverse("stores:connect", args=[tenant.slug])
        return redirect(f"{address}?{urlencode({'platform': form.cleaned_data['platform']})}")
    context = {"form": form, "is_first": not queries.list_memberships(user.pk)}
    status = 200 if request.method == "GET" else 422
    return render(request, "tenants/create_shop.html", context, status=status)


def _may_create(user: User) -> bool:
    return bool(settings.SIGNUP_OPEN) or queries.owns_a_tenant(user.pk)


def _guess(request: HttpRequest) -> dict[str, str]:
    country = guess_country(request.headers.get("Accept-Language", ""))
    return {"country": country, "currency": currency_of(country), "timezone": zone_of(country)}


def _create(request: HttpRequest, form: ShopForm, user: User) -> Tenant | None:
    if not form.is_valid():
        return None
    if not is_allowed(request, "create_shop"):
        form.add_error(None, "You made many shops in the last hour. Wait an hour, then try again.")
        return None
    found = form.cleaned_data
    data = TenantData(
        name=found["name"],
        currency=found["currency"],
        timezone=found["timezone"],
        country=found["country"],
        owner_email=user.email,
        owner_password="",
        has_secret_key=False,
    )
    try:
        return create_tenant(data).tenant
    except DomainError as exc:
        add_problem(form, exc)
        return None
