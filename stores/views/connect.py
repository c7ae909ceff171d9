"""Connecting a store by hand."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm.services.stores import StoreData
from kernel.errors import DomainError
from stores.forms import ConnectForm
from stores.platforms.guides import GUIDES, Guide
from stores.queries.registrations import find_registration
from stores.services.connections import connect_store
from stores.types import ConnectedStore
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

FIRST = "shopify"


@requires(capabilities.MANAGE_STORES)
@never_cache
@require_http_methods(["GET", "POST"])
def connect(request: TenantRequest) -> HttpResponse:
    """Show the form of a platform; a POST connects the store and shows its secret, this once."""
    guide = GUIDES.get(request.GET.get("platform", FIRST), GUIDES[FIRST])
    form = ConnectForm(
        request.POST or None, initial={"currency": request.tenant.currency}, guide=guide
    )
    made: ConnectedStore | None = None
    status = HTTPStatus.OK
    if request.method == "POST":
        made = _connect_from(form, guide, request.user.email)
        status = HTTPStatus.CREATED if made else HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "form": form,
        "made": made,
        "guide": guide,
        "registers": made is not None and find_registration(made.store_id) is not None,
        "example": _example(guide, made, form) if made else "",
        "tabs": [
            {
                "label": each.label,
                "url": f"?platform={each.platform}",
                "active": each is guide,
                "count": None,
            }
            for each in GUIDES.values()
        ],
    }
    return render(request, "stores/connect.html", context, status=status)


def _connect_from(form: ConnectForm, guide: Guide, actor: str) -> ConnectedStore | None:
    if not form.is_valid():
        return None
    found = form.cleaned_data
    data = StoreData(
        name=found["name"],
        platform=guide.platform,
        url=found["url"],
        currency=found["currency"],
    )
    try:
        return connect_store(
            data, secret=found["secret"], credentials=form.credentials, actor=actor
        )
    except DomainError as exc:
        form.add_error("name", exc.detail)
        return None


def _example(guide: Guide, made: ConnectedStore, form: ConnectForm) -> str:
    return guide.example.format(
        address=made.webhook_url, secret=made.secret, currency=form.cleaned_data["currency"]
    )
