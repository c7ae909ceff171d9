"""UTM parameters: what the links of messages tell the statistics of the shop."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from kernel.errors import Invalid
from messaging.domain.utm import DEFAULTS, NAMES, PARAMETERS, Utm, fill_patterns, tag_link
from messaging.forms import UtmForm
from messaging.queries.sending import list_store_urls
from messaging.queries.utm import find_form
from messaging.services.utm import save_utm
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

_EXAMPLE = {
    "campaign": "Welcome",
    "template": "Hello",
    "node": "n2",
    "channel": "email",
    "class": "promotional",
}


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def utm(request: TenantRequest) -> HttpResponse:
    """Show the patterns; a POST saves them."""
    is_on, patterns = find_form()
    form = UtmForm(request.POST or None, initial={"is_on": is_on, **patterns})
    if request.method == "POST" and form.is_valid():
        found = form.cleaned_data
        wanted = {name: found[name] for name in PARAMETERS}
        try:
            save_utm(wanted, is_on=found["is_on"], actor=request.user.email)
        except Invalid as exc:
            for field, words in exc.fields.items():
                form.add_error(field, words)
        else:
            messages.success(request, "Saved")
            return redirect("messaging:utm", request.tenant.slug)
    shop = next(filter(None, list_store_urls()), "https://shop.example/")
    shown = Utm(is_on=True, patterns=patterns or DEFAULTS)
    context = {
        "form": form,
        "is_on": is_on,
        "names": [(f"{{{name}}}", words) for name, words in NAMES.items()],
        "example": tag_link(shop, fill_patterns(shown, _EXAMPLE)),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/utm.html", context, status=status)
