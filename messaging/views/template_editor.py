"""The editor of templates: forms that work by themselves, with the e-mail editor over one."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.choices import Channel
from crm.queries.catalog import list_categories
from crm.queries.shelves import find_goods, search_goods
from kernel import asked
from kernel.errors import DomainError, NotFound, Outdated
from messaging.domain.blocks import describe_blocks, is_built
from messaging.domain.reference import FILTERS, VARIABLES
from messaging.models import Template
from messaging.queries import templates as queries
from messaging.queries.brand import look_of_brand
from messaging.queries.coupons import list_choices
from messaging.queries.languages import speak
from messaging.queries.senders import list_sender_choices
from messaging.queries.traits import list_traits
from messaging.services import authoring
from messaging.services.authoring import version_of
from messaging.services.reviewing import check_links, review_email
from messaging.services.sizing import describe_text
from messaging.variables import known_variables
from messaging.views.content_frame import get_template
from messaging.views.template_forms import FORMS, TemplateForm, initial_of
from messaging.views.writing_help import help_for, note_taken
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

EDITOR_POLICY = {
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", "https:", "http:"],
    "frame-src": ["'self'"],
}
"""The canvas of the e-mail editor draws with inline styles and shows pictures of the shop; scripts
stay as strict as everywhere."""
PRODUCTS = 12


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def edit_template(request: TenantRequest, template_id: int) -> HttpResponse:
    """Show the editor of a template, or of one of its languages; a POST saves it."""
    template = get_template(template_id)
    locale = asked.read_text(request, "locale")
    said = _in_language(template, locale)
    initial = initial_of(said) | {"version": version_of(template)}
    form = FORMS[template.channel](
        request.POST or None,
        initial=initial,
        topics=queries.list_topics(),
        senders=list_sender_choices() if template.channel == Channel.EMAIL else (),
    )
    is_sent = request.method == "POST" and form.is_valid()
    if is_sent and _save(request, template, locale, form):
        return _after(request, template_id, locale)
    return _show(request, template, locale, form)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def remove_language(request: TenantRequest, template_id: int) -> HttpResponse:
    """Remove one language of a template."""
    locale = request.POST.get("locale", "")[:20]
    try:
        authoring.remove_variant(template_id, locale, actor=request.user.email)
    except NotFound as exc:
        get_template(template_id)
        messages.error(request, exc.detail)
    else:
        messages.success(request, "Removed. Its readers get the template itself again.")
    return redirect("messaging:template", request.tenant.slug, template_id)


@requires(capabilities.VIEW)
@require_GET
def check_template(request: TenantRequest, template_id: int) -> HttpResponse:
    """Show what is wrong with an e-mail before it is sent, and where."""
    template = get_template(template_id)
    if template.channel != Channel.EMAIL:
        raise Http404
    said = _in_language(template, asked.read_text(request, "locale"))
    context = {
        "template": template,
        "review": review_email(authoring.draft_from(said)),
        "may_edit": capabilities.may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return render(request, "messaging/template_check.html", context)


@requires(capabilities.EDIT_FLOWS)
@transaction.non_atomic_requests
@require_POST
def check_template_links(request: TenantRequest, template_id: int) -> HttpResponse:
    """Ask every link of an e-mail, outside any transaction: a part of its check."""
    with transaction.atomic():
        template = get_template(template_id)
        links = review_email(authoring.draft_from(template)).links
    return render(request, "messaging/_findings.html", {"findings": check_links(links)})


@requires(capabilities.EDIT_FLOWS)
@require_POST
def describe_draft(request: TenantRequest, template_id: int) -> HttpResponse:
    """Show how a text that is being typed looks on a phone: a part of its form."""
    template = get_template(template_id)
    form = FORMS[template.channel](request.POST, topics=queries.list_topics())
    form.is_valid()
    text = str(form.cleaned_data.get("text", ""))
    content = {name: str(form.cleaned_data.get(name, "")) for name in ("title", "url", "image")} | {
        "variables": request.POST.get("variables", "").splitlines()
    }
    context = {"channel": template.channel, "shown": describe_text(template.channel, text, content)}
    return render(request, "messaging/_phone.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_GET
def find_products(request: TenantRequest) -> HttpResponse:
    """Return products by name, or by their ids, for blocks that show chosen ones."""
    ids = [
        int(word)
        for word in asked.read_text(request, "ids").split(",")
        if word.isdecimal() and len(word) < 19  # noqa: PLR2004 bigint
    ]
    found = (
        find_goods(ids[:PRODUCTS])
        if ids
        else search_goods(asked.read_text(request, "q"), limit=PRODUCTS)
    )
    return JsonResponse({"products": [{"id": str(each.id), "title": each.title} for each in found]})


def _save(request: TenantRequest, template: Template, locale: str, form: TemplateForm) -> bool:
    actor = request.user.email
    try:
        if locale:
            is_new = authoring.save_variant(template.pk, locale, form.draft(), actor=actor)
        else:
            version = form.cleaned_data["version"]
            draft = form.draft()
            is_new = authoring.update_template(template.pk, draft, version=version, actor=actor)
    except Outdated:
        words = (
            "Somebody saved this template while you worked on it. What you typed is still here: "
            "open the template in another tab to see theirs, then save again to replace it."
        )
        form.add_error(None, words)
        form.data = {name: form.data[name] for name in form.data} | {
            "version": version_of(get_template(template.pk))
        }
        return False
    except DomainError as exc:
        for field, text in (exc.fields or {"": exc.detail}).items():
            form.add_error(_FIELDS.get(field, field) if _is_field(form, field) else None, text)
        return False
    if is_new:
        note_taken(request, template)
    messages.success(request, "Saved." if is_new else "Nothing to save.")
    return True


_FIELDS = {"name": "meta_name"}
"""What the content of WhatsApp calls a field that another one is named like."""


def _is_field(form: TemplateForm, field: str) -> bool:
    return field in form.fields


def _after(request: TenantRequest, template_id: int, locale: str) -> HttpResponse:
    """Go on where the button says: to the preview, to the check, or stay in the editor."""
    routes = {"preview": "messaging:template", "check": "messaging:check_template"}
    route = routes.get(request.POST.get("then", ""), "messaging:edit_template")
    address = reverse(route, args=[request.tenant.slug, template_id])
    return redirect(f"{address}?locale={locale}" if locale else address)


def _show(
    request: TenantRequest, template: Template, locale: str, form: TemplateForm
) -> HttpResponse:
    said = _in_language(template, locale)
    is_email = template.channel == Channel.EMAIL
    mjml = form.data.get("mjml", "") if form.is_bound else said.mjml
    context: dict[str, Any] = {
        "form": form,
        "template": template,
        "locale": locale,
        "is_email": is_email,
        "is_built": is_email and is_built(mjml),
        "variables": [each for each in VARIABLES if each.name in known_variables()],
        "filters": FILTERS,
        **help_for(template, locale),
    }
    if is_email:
        context["editor"] = {
            "blocks": describe_blocks(known_variables()),
            "categories": [name for name, _ in list_categories()],
            "coupons": [(str(pk), name) for pk, name in list_choices()],
            "look": asdict(look_of_brand()),
            "readers": [each._asdict() for each in list_traits(for_content=True)],
            "fault": " ".join(map(str, form.errors.get("mjml", []))),
        }
    else:
        context["shown"] = describe_text(template.channel, said.text, said.content)
        context["channel"] = template.channel
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    response = render(request, "messaging/template_edit.html", context, status=status)
    response._csp_update = EDITOR_POLICY  # type: ignore[attr-defined]  # noqa: SLF001 django-csp's
    return response


def _in_language(template: Template, locale: str) -> Template:
    variant = queries.find_variant(template.pk, locale) if locale else None
    return template if variant is None else speak(template, variant)
