"""Templates: the list, one as its reader sees it, and what is done to one as a whole."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.choices import Channel
from kernel import asked
from kernel.errors import DomainError, NotFound
from kernel.fragments import answer_list
from kernel.keyset import speak_count
from messaging.domain.subjects import show_subject
from messaging.models import Template
from messaging.queries import templates as queries
from messaging.queries.languages import speak
from messaging.queries.readers import find_readers
from messaging.queries.templates import CLASS_WORDS, PAGE_SIZE, TemplateRow, WantedTemplates
from messaging.services import authoring
from messaging.services.previews import judge_parts, preview_template
from messaging.services.sizing import describe_tried
from messaging.services.starters import draft_of, list_starters
from messaging.services.trials import MOST, list_addresses, send_test
from messaging.services.trying import find_reader
from messaging.views.brand import PREVIEW_POLICY, SANDBOX
from messaging.views.content_frame import get_template, may_edit, tabs_of
from messaging.views.template_forms import CHANNELS, NewTemplateForm
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

WIDTHS = (("600", "Desktop"), ("375", "Phone"))
SCHEMES = (("light", "Light"), ("dark", "Dark"))
PEOPLE = 8
PICTURES_POLICY = {"img-src": ["'self'", "data:", "https:", "http:"]}
"""The preview of a push message shows the picture that it will, wherever that lies."""


def _read(row: TemplateRow, shop: str) -> TemplateRow:
    """Return a card with its subject as a reader sees it."""
    return replace(row, subject=show_subject(row.subject, shop))


@requires(capabilities.VIEW)
@require_GET
def template_list(request: TenantRequest) -> HttpResponse:
    """Show the templates; an htmx request gets the part below the filters."""
    wanted = WantedTemplates(
        search=asked.read_text(request, "q"),
        channel=asked.read_choice(request, "channel", Channel.values),
        message_class=asked.read_choice(request, "class", CLASS_WORDS),
        tag=asked.read_text(request, "tag"),
        state=asked.read_choice(request, "state", ["archived"]),
    )
    page = queries.list_page(wanted, asked.read_place(request, limit=PAGE_SIZE))
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": replace(page, rows=[_read(row, request.tenant.name) for row in page.rows]),
        "shown": speak_count(len(page.rows), queries.count_listed(wanted), "templates"),
        "classes": CLASS_WORDS,
        "may_edit": may_edit(request),
        "sandbox": "",
    }
    return answer_list(
        request,
        "messaging/templates.html",
        "messaging/_templates.html",
        context,
        lambda: {
            "tabs": tabs_of(request, "templates"),
            "channels": CHANNELS,
            "class_choices": list(CLASS_WORDS.items()),
            "tags": queries.list_tags(),
            "states": [("archived", "Archived")],
            "is_empty": not page.rows and not wanted.is_narrowed and not queries.has_templates(),
        },
    )


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def new_template(request: TenantRequest) -> HttpResponse:
    """Choose what a new template is and starts from; a POST makes it and opens its editor."""
    initial = {
        "channel": Channel.EMAIL.value,
        "message_class": "promotional",
        "start": asked.read_choice(
            request, "start", [each.key for each in list_starters()], "blank"
        ),
    }
    form = NewTemplateForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        found = form.cleaned_data
        draft = draft_of(
            found["start"],
            name=found["name"],
            channel=found["channel"],
            message_class=found["message_class"],
        )
        try:
            made = authoring.create_template(draft, actor=request.user.email)
        except DomainError as exc:
            _blame(form, exc)
        else:
            return redirect("messaging:edit_template", request.tenant.slug, made.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "messaging/template_new.html", {"form": form}, status=status)


@requires(capabilities.VIEW)
@require_GET
def template_detail(request: TenantRequest, template_id: int) -> HttpResponse:
    """Show a template as one reader sees it, with what it is and who sends it."""
    detail = queries.find_detail(template_id)
    if detail is None:
        raise Http404
    said = _chosen(request, detail.template)
    person_id = asked.read_id(request, "person")
    tried = preview_template(said, person_id)
    query = {
        "width": asked.read_choice(request, "width", dict(WIDTHS), "600"),
        "scheme": asked.read_choice(request, "scheme", dict(SCHEMES), "light"),
        "part": asked.read_choice(request, "part", ["text"]),
    }
    is_email = detail.template.channel == Channel.EMAIL
    short = None if is_email else describe_tried(said.channel, said.content, tried)
    context = {
        "detail": detail,
        "short": short,
        "template": detail.template,
        "said": said,
        "locale": asked.read_text(request, "locale"),
        "tried": tried,
        "judged": judge_parts(said, tried.reader),
        "reader": tried.reader,
        "widths": WIDTHS,
        "schemes": SCHEMES,
        "sandbox": SANDBOX,
        "class_words": queries.speak_class(detail.template.message_class),
        "addresses": list_addresses(),
        "most": MOST,
        "may_edit": may_edit(request),
        **query,
    }
    response = render(request, "messaging/template.html", context)
    response._csp_update = PICTURES_POLICY  # type: ignore[attr-defined]  # noqa: SLF001 django-csp's
    return response


@requires(capabilities.VIEW)
@require_GET
@xframe_options_sameorigin
def template_frame(request: TenantRequest, template_id: int) -> HttpResponse:
    """Return a mail as one reader sees it, for a frame that lets nothing of it act."""
    said = _chosen(request, get_template(template_id))
    scheme = asked.read_choice(request, "scheme", dict(SCHEMES), "light")
    tried = preview_template(said, asked.read_id(request, "person"), scheme=scheme)
    if tried.rendered is None:
        return _in_frame(tried.problem, "text/plain")
    return _in_frame(tried.rendered.html, "text/html")


@requires(capabilities.VIEW)
@require_GET
def template_people(request: TenantRequest, template_id: int) -> HttpResponse:
    """List people that a template can be shown as: a part of its page."""
    get_template(template_id)
    text = asked.read_text(request, "q")
    context = {"people": find_readers(text, limit=PEOPLE), "text": text}
    return render(request, "messaging/_readers.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def send_template_test(request: TenantRequest, template_id: int) -> HttpResponse:
    """Send what a template says to colleagues."""
    person = request.POST.get("person", "")
    reader = find_reader(int(person)) if person.isdecimal() and len(person) < 19 else None  # noqa: PLR2004 bigint
    profile_id = reader.id if reader is not None and reader.id else None
    try:
        count = send_test(
            template_id,
            request.POST.getlist("to"),
            profile_id=profile_id,
            actor=request.user.email,
        )
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, f"No test was sent. {exc.detail}")
    else:
        many = "1 test is" if count == 1 else f"{count} tests are"
        messages.success(request, f"{many} on the way. They are marked [Test] and not counted.")
    back = redirect("messaging:template", request.tenant.slug, template_id)
    if profile_id is not None:
        back["Location"] += f"?person={profile_id}"
    return back


@requires(capabilities.EDIT_FLOWS)
@require_POST
def duplicate_template(request: TenantRequest, template_id: int) -> HttpResponse:
    """Copy a template and open the copy."""
    try:
        copy = authoring.duplicate_template(template_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, "This is the copy. Give it a name of its own.")
    return redirect("messaging:edit_template", request.tenant.slug, copy.pk)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def archive_template(request: TenantRequest, template_id: int) -> HttpResponse:
    """Put a template out of sight, or bring it back."""
    is_archived = request.POST.get("action") != "restore"
    try:
        authoring.archive_template(template_id, is_archived=is_archived, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, "Archived." if is_archived else "Brought back.")
    return redirect("messaging:template", request.tenant.slug, template_id)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def delete_template(request: TenantRequest, template_id: int) -> HttpResponse:
    """Delete a template that nothing needs."""
    try:
        name = authoring.delete_template(template_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    except DomainError as exc:
        messages.error(request, exc.detail)
        return redirect("messaging:template", request.tenant.slug, template_id)
    messages.success(request, f"{name} is deleted.")
    return redirect("messaging:templates", request.tenant.slug)


def _chosen(request: TenantRequest, template: Template) -> Template:
    """Return the template in the language that is asked for."""
    locale = asked.read_text(request, "locale")
    variant = queries.find_variant(template.pk, locale) if locale else None
    return template if variant is None else speak(template, variant)


def _in_frame(body: str, kind: str) -> HttpResponse:
    headers = {"Content-Security-Policy": PREVIEW_POLICY}
    return HttpResponse(body, content_type=f"{kind}; charset=utf-8", headers=headers)


def _blame(form: NewTemplateForm, exc: DomainError) -> None:
    for field, text in (exc.fields or {"": exc.detail}).items():
        form.add_error(field if field in form.fields else None, text)
