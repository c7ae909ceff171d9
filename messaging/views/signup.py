"""Sign-up forms: the list, the page of one with what was sent, its editor and its preview."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel import asked, clock
from kernel.csvs import BATCH
from kernel.errors import DomainError, NotFound
from kernel.keyset import Place, speak_count
from messaging.choices import FormKind
from messaging.domain.signup import Question, read_questions, write_questions, write_rules
from messaging.domain.signup_snippets import Snippet, build_snippets, build_waiting_snippets
from messaging.models import SignUpForm
from messaging.panels import is_heard
from messaging.queries import signup as reads
from messaging.queries.brand import look_of_brand
from messaging.queries.waiting_lists import list_shops
from messaging.services import signup_forms
from messaging.services.signup_forms import FormData
from messaging.services.tokens import waiting_url
from messaging.services.waiting_lists import ASKED
from messaging.views.content_frame import tabs_of
from messaging.views.signup_editor import EditorForm, new_values, values_of
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.services.exporting import export_list
from tenants.types import TenantRequest

FRAME_POLICY = (
    "default-src 'self'; img-src 'self' data: https: http:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""Of the page inside the preview: the same as every page's, but it may stand in a frame of ours."""


@requires(capabilities.VIEW)
@require_GET
def form_list(request: TenantRequest) -> HttpResponse:
    """List the forms with how often they were seen and sent."""
    context = {
        "tabs": tabs_of(request, "forms"),
        "rows": reads.list_forms(_today(request)),
        "days": reads.DAYS,
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
    }
    return render(request, "messaging/forms.html", context)


@requires(capabilities.VIEW)
@require_GET
def waiting_lists(request: TenantRequest) -> HttpResponse:
    """Show what to put on product pages, so that people can wait for what is sold out."""
    context = {
        "stores": [
            (name, build_waiting_snippets(waiting_url(request.tenant.pk, store_id), platform))
            for store_id, name, platform in list_shops()
        ],
        "is_open": is_heard(ASKED),
    }
    return render(request, "messaging/waiting_lists.html", context)


@requires(capabilities.VIEW)
@require_GET
def form_page(request: TenantRequest, form_id: int) -> HttpResponse:
    """Show one form: its figures, its code, and what was sent on it."""
    form = _find(form_id)
    page = reads.list_submissions(form.pk, asked.read_place(request))
    total = reads.count_submissions(form.pk) if page.rows else 0
    context = {
        "form": form,
        "row": reads.find_row(form, _today(request)),
        "days": reads.DAYS,
        "kind": FormKind(form.kind).label,
        "questions": read_questions(form.questions),
        "snippets": _snippets(form),
        "page": page,
        "shown": speak_count(len(page.rows), total, "submissions"),
        "may_edit": may(request.member.role, capabilities.EDIT_FLOWS),
        "may_export": may(request.member.role, capabilities.EXPORT_PROFILES),
    }
    return render(request, "messaging/form.html", context)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def new_form(request: TenantRequest) -> HttpResponse:
    """Show the editor; a POST makes the form."""
    editor = _editor(request, new_values())
    if request.method == "POST" and editor.is_valid():
        try:
            made = signup_forms.create_form(editor.read_data(), actor=request.user.email)
        except DomainError as exc:
            _blame(editor, exc)
        else:
            messages.success(request, f"{made.name} is made.")
            return redirect("messaging:form", request.tenant.slug, made.pk)
    return _show(request, editor)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
def edit_form(request: TenantRequest, form_id: int) -> HttpResponse:
    """Show the editor of one form; a POST changes it."""
    form = _find(form_id)
    editor = _editor(request, values_of(form))
    if request.method == "POST" and editor.is_valid():
        try:
            is_new = signup_forms.update_form(form.pk, editor.read_data(), actor=request.user.email)
        except DomainError as exc:
            _blame(editor, exc)
        else:
            said = "Saved. Your site shows it within a minute." if is_new else "Nothing to save."
            messages.success(request, said)
            return redirect("messaging:form", request.tenant.slug, form.pk)
    return _show(request, editor, form)


@requires(capabilities.EDIT_FLOWS)
@require_POST
def delete_form(request: TenantRequest, form_id: int) -> HttpResponse:
    """Take a form away."""
    try:
        name = signup_forms.delete_form(form_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, f"{name} is deleted. Who signed up on it stays.")
    return redirect("messaging:forms", request.tenant.slug)


@requires(capabilities.EDIT_FLOWS)
@require_http_methods(["GET", "POST"])
@xframe_options_sameorigin
def preview(request: TenantRequest) -> HttpResponse:
    """Show the frame of a preview on GET; answer on POST with what the editor says now."""
    if request.method != "POST":
        response = render(request, "messaging/form_preview.html")
        response["Content-Security-Policy"] = FRAME_POLICY
        return response
    editor = EditorForm(request.POST, topics=reads.list_topic_choices())
    editor.is_valid()
    for name in editor.fields:
        editor.cleaned_data.setdefault(name, editor[name].initial or "")
    described = reads.describe_form(
        _unsaved(editor.read_data()), look_of_brand(), key="", ticket=""
    )
    described["success"]["code"] = editor.cleaned_data["success_code"]
    return JsonResponse(described)


@requires(capabilities.EXPORT_PROFILES)
@require_GET
def export_submissions(request: TenantRequest, form_id: int) -> HttpResponse:
    """Stream what was sent on a form as CSV."""
    form = _find(form_id)
    questions = read_questions(form.questions)

    def read(mark: str) -> tuple[list[Sequence[object]], str | None]:
        page = reads.list_submissions(form.pk, Place(after=mark, limit=BATCH))
        return [_cells(row, questions) for row in page.rows], page.next

    headings = ["sent_at", "profile_id", "source", "page", "consent"]
    headings += [question.name for question in questions]
    return export_list(request, "submissions", headings, read, of=("form", str(form.pk)))


def _cells(row: reads.SubmissionRow, questions: Sequence[Question]) -> Sequence[object]:
    consent = "; ".join(f"{channel}: {outcome}" for channel, outcome in row.consents.items())
    return (
        row.submitted_at.isoformat(),
        row.profile_id,
        row.source,
        row.source_url,
        consent,
        *(_plain(row.answers.get(question.name)) for question in questions),
    )


def _plain(value: Any) -> object:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else value


def _unsaved(data: FormData) -> SignUpForm:
    same = ("kind", "title", "text", "button", "consent_text", "has_consent_box")
    after = ("success_title", "success_text", "success_code")
    return SignUpForm(
        **{name: getattr(data, name) for name in (*same, *after)},
        channels=list(data.channels),
        questions=write_questions(data.questions),
        rules=write_rules(data.rules),
    )


def _snippets(form: SignUpForm) -> list[Snippet]:
    return build_snippets(
        settings.PUBLIC_URL, reads.public_key(form), str(form.kind), reads.page_url(form)
    )


def _editor(request: TenantRequest, values: dict[str, Any]) -> EditorForm:
    topics = reads.list_topic_choices()
    return EditorForm(request.POST or None, initial=values, topics=topics)


def _show(
    request: TenantRequest, editor: EditorForm, form: SignUpForm | None = None
) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if editor.errors else HTTPStatus.OK
    context = {"editor": editor, "form": form}
    return render(request, "messaging/form_editor.html", context, status=status)


def _find(form_id: int) -> SignUpForm:
    found = reads.find_form(form_id)
    if found is None:
        raise Http404
    return found


def _today(request: TenantRequest) -> Any:
    return clock.now().astimezone(ZoneInfo(request.tenant.timezone)).date()


def _blame(editor: EditorForm, exc: DomainError) -> None:
    for field, text in (exc.fields or {"name": exc.detail}).items():
        editor.add_error(field, text)
