"""Connecting a tool beside a shop: reviews, helpdesks."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm.services.stores import StoreData
from kernel.errors import DomainError
from stores.forms import ToolForm
from stores.platforms.tools.guides import KINDS, TOOL_GUIDES, ToolGuide
from stores.services.connections import connect_store
from stores.types import ConnectedStore
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

FIRST = "judgeme"


@requires(capabilities.MANAGE_STORES)
@never_cache
@require_http_methods(["GET", "POST"])
def connect_tool(request: TenantRequest) -> HttpResponse:
    """Show the form of a tool; a POST connects it and shows its address and secret, this once."""
    guide = TOOL_GUIDES.get(request.GET.get("platform", FIRST), TOOL_GUIDES[FIRST])
    form = ToolForm(request.POST or None, initial={"name": guide.label}, guide=guide)
    made: ConnectedStore | None = None
    status = HTTPStatus.OK
    if request.method == "POST":
        made = _connect_from(form, guide, request.user.email)
        status = HTTPStatus.CREATED if made else HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "form": form,
        "made": made,
        "guide": guide,
        "groups": [
            (label, [each for each in TOOL_GUIDES.values() if each.kind == kind])
            for kind, label in KINDS.items()
        ],
    }
    return render(request, "stores/connect_tool.html", context, status=status)


def _connect_from(form: ToolForm, guide: ToolGuide, actor: str) -> ConnectedStore | None:
    if not form.is_valid():
        return None
    found = form.cleaned_data
    try:
        data = StoreData(name=found["name"], platform=guide.platform)
        return connect_store(data, secret=found["secret"], actor=actor)
    except DomainError as exc:
        form.add_error("name", exc.detail)
        return None
