"""How a site is made to tell of its visitors, and whether it does."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from kernel.live import answer_live, render_live
from stores import queries
from stores.domain.snippets import build_guides
from stores.services.push_proof import push_secret
from stores.services.site_checks import find_answer, is_token, make_token
from tenants.choices import KeyKind
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.queries import list_write_keys
from tenants.services.access import requires
from tenants.services.keys import create_key
from tenants.types import TenantRequest

LOOK_SECONDS = 3


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def install(request: TenantRequest) -> HttpResponse:
    """Show what to paste where, and whether we see the site."""
    keys = list_write_keys()
    chosen = next((key for key in keys if str(key.pk) == request.GET.get("key")), None)
    key = chosen or (keys[0] if keys else None)
    guides = build_guides(settings.PUBLIC_URL, key.hint if key else "")
    guide = next((one for one in guides if one.key == request.GET.get("for")), guides[0])
    query = f"&key={key.pk}" if chosen and key else ""
    token = make_token()
    may_manage_keys = may(request.member.role, capabilities.MANAGE_KEYS)
    context = {
        "keys": keys,
        "key": key,
        "guide": guide,
        "tabs": [
            {
                "label": one.label,
                "url": f"{request.path}?for={one.key}{query}",
                "active": one is guide,
            }
            for one in guides
        ],
        "token": token,
        "seen": _render_seen(request, token),
        "site": next((store.url for store in queries.list_stores() if store.url), ""),
        "may_make_key": may_manage_keys,
        "push_secret": push_secret() if may_manage_keys and guide.key == "push" else "",
        "rate": settings.TRACKING_RATE_PER_SECOND,
        "kept_days": settings.TRACKING_KEPT_DAYS,
    }
    return render(request, "stores/install.html", context)


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def seen(request: TenantRequest) -> HttpResponse:
    """Answer what arrived last, when that changed."""
    return answer_live(request, _render_seen(request, request.GET.get("token", "")))


@requires(capabilities.MANAGE_KEYS)
@require_POST
def make_key(request: TenantRequest) -> HttpResponse:
    """Make a write key for a site."""
    create_key(name="Site", kind=KeyKind.WRITE, created_by=request.user)
    messages.success(request, "The key is made; it stands in what you copy below.")
    return redirect("stores:install", request.tenant.slug)


def _render_seen(request: TenantRequest, token: str) -> SafeString:
    sightings = queries.list_sightings()
    answer = find_answer(token, request.tenant.pk) if is_token(token) else None
    context = {
        "sightings": sightings,
        "answer": answer,
        "refused": queries.list_refused_calls(),
    }
    url = f"{reverse('stores:install_seen', args=[request.tenant.slug])}?token={token}"
    return render_live(
        request, "stores/_seen.html", context, name="seen", url=url, seconds=LOOK_SECONDS
    )
