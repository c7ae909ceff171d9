"""The library: flows that are installed with one click, what they need, what they say."""

from itertools import groupby

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from flows.library import BY_KEY, LIBRARY
from flows.queries.library import Shelved, find_shelved, list_shelf
from flows.services.library import install_flow, order_library
from flows.services.library_looks import LookOf, look_at_library, look_at_message
from kernel import asked
from kernel.errors import DomainError
from messaging.views.brand import PREVIEW_POLICY
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

SCHEMES = (("light", "Light"), ("dark", "Dark"))


@requires(capabilities.VIEW)
@require_GET
def library(request: TenantRequest) -> HttpResponse:
    """Show every flow of the library: what it does, what it needs, whether it is installed."""
    shelf = list_shelf()
    context = {
        "groups": [
            (group, list(some)) for group, some in groupby(shelf, lambda one: one.flow.group)
        ],
        "moves": _moves([one for one in shelf if one.place]),
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
        "installed": sum(1 for one in shelf if one.installed),
        "total": len(shelf),
    }
    return render(request, "flows/library.html", context)


@requires(capabilities.VIEW)
@require_GET
def library_flow(request: TenantRequest) -> HttpResponse:
    """Show one flow of the library with its rules and everything that it says."""
    shelved = _find(request)
    scheme = asked.read_choice(request, "scheme", dict(SCHEMES), "light")
    rules, looks = look_at_library(shelved.flow)
    context = {
        "one": shelved,
        "rules": rules,
        "said": list(zip(shelved.lines, _sorted(shelved, looks), strict=True)),
        "scheme": scheme,
        "schemes": SCHEMES,
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return render(request, "flows/library_flow.html", context)


@requires(capabilities.VIEW)
@require_GET
@xframe_options_sameorigin
def library_frame(request: TenantRequest) -> HttpResponse:
    """Return an e-mail of the library as a reader sees it, for a frame that lets nothing act."""
    scheme = asked.read_choice(request, "scheme", dict(SCHEMES), "light")
    shelved = _find(request)
    keys = [line.message.key for line in shelved.lines]
    key = asked.read_choice(request, "message", keys, keys[0] if keys else "")
    look = look_at_message(shelved.flow, key, scheme)
    if look is None:
        raise Http404
    kind = "text/html" if look.html else "text/plain"
    return HttpResponse(
        look.html or look.problem,
        content_type=f"{kind}; charset=utf-8",
        headers={"Content-Security-Policy": PREVIEW_POLICY},
    )


@requires(capabilities.EDIT_FLOWS)
@require_POST
def install(request: TenantRequest) -> HttpResponse:
    """Make a flow of the library as a draft, and lead to the builder."""
    try:
        flow, is_new = install_flow(request.POST.get("key", ""), actor=request.user.email)
    except DomainError as exc:
        messages.error(request, f"Nothing was installed. {exc.detail}")
        return redirect("flows:library", request.tenant.slug)
    if not is_new:
        messages.info(request, f"{flow.name} is installed already.")
        return redirect("flows:detail", request.tenant.slug, flow.pk)
    messages.success(request, "Installed as a draft. Read it through, then publish it.")
    return redirect("flows:edit", request.tenant.slug, flow.pk)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def order(request: TenantRequest) -> HttpResponse:
    """Keep in which order the flows to begin with are recommended."""
    try:
        order_library(request.POST.getlist("key"), actor=request.user.email)
    except DomainError as exc:
        messages.error(request, exc.detail)
    return redirect("flows:library", request.tenant.slug)


def _find(request: TenantRequest) -> Shelved:
    """Return the flow that the address names; the first one where it names none."""
    found = find_shelved(asked.read_choice(request, "flow", BY_KEY, LIBRARY[0].key))
    if found is None:
        raise Http404
    return found


def _moves(first: list[Shelved]) -> list[tuple[str, list[str]]]:
    """Return each flow to begin with, and the order in which it stands one place further up."""
    moves = []
    for at, one in enumerate(first):
        keys = [other.flow.key for other in first if other is not one]
        keys.insert(max(at - 1, 0), one.flow.key)
        moves.append((one.flow.name, keys))
    return moves


def _sorted(shelved: Shelved, looks: dict[str, LookOf]) -> list[LookOf]:
    return [looks[line.message.key] for line in shelved.lines]
