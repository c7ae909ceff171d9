"""Writing help: its settings, and the proposals beside the editor of a template."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.choices import Channel
from kernel.errors import Conflict, Invalid
from messaging.domain.writing_help import MAX_GOAL, MAX_OLD, Wish, parts_of
from messaging.errors import WritingUnavailable
from messaging.models import Template
from messaging.queries.writing_help import HelpSettings, find_settings, is_helped
from messaging.services.writing_help import (
    MAX_KEY,
    MAX_MODEL,
    MAX_TONE,
    MAX_URL,
    HelpData,
    propose,
    record_taken,
    save_settings,
)
from messaging.views.content_frame import get_template
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.services.limits import is_allowed
from tenants.types import TenantRequest

TOO_OFTEN = "You asked many times within a few minutes. Wait a little, then ask again."
TAKEN = "helped"
"""Field of the editor that names the parts whose words were taken."""


class HelpForm(forms.Form):
    """Where words are asked for."""

    is_on = forms.BooleanField(required=False, label="Offer proposals in the editors of messages")
    base_url = forms.CharField(
        label="Address",
        max_length=MAX_URL,
        help_text="Of any server that speaks the protocol of chat completions, such as "
        "https://models.example/v1.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    model = forms.CharField(
        max_length=MAX_MODEL,
        help_text="As the provider calls it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    key = forms.CharField(
        required=False,
        max_length=MAX_KEY,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Kept encrypted and never shown again. Empty for a server that asks for none.",
    )
    tone = forms.CharField(
        label="How your brand speaks",
        required=False,
        max_length=MAX_TONE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Such as: friendly and short, no exclamation marks, we say “you”.",
    )

    def __init__(self, *args: Any, chosen: HelpSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if chosen.has_key:
            self.fields["key"].help_text = "One is stored. Leave it empty to keep it."


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def writing_help(request: TenantRequest) -> HttpResponse:
    """Show what was chosen; a POST saves it."""
    chosen = find_settings()
    initial = {name: getattr(chosen, name) for name in ("is_on", "base_url", "model", "tone")}
    form = HelpForm(request.POST or None, initial=initial, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            save_settings(HelpData(**form.cleaned_data), actor=request.user.email)
        except Invalid as exc:
            for field, words in exc.fields.items():
                form.add_error(field, words)
        else:
            messages.success(request, "Saved")
            return redirect("messaging:writing_help", request.tenant.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"form": form, "chosen": chosen}
    return render(request, "messaging/writing_help.html", context, status=status)


@requires(capabilities.EDIT_FLOWS)
@transaction.non_atomic_requests
@require_POST
def propose_words(request: TenantRequest, template_id: int) -> HttpResponse:
    """Show proposals for one part of a message, outside any transaction: a part of its editor."""
    with transaction.atomic():
        template = get_template(template_id)
    wish = _wish(request, template)
    part = parts_of(template.channel).get(wish.part)
    context: dict[str, Any] = {"part": part, "key": wish.part, "old": wish.old}
    if part is None:
        return render(request, "messaging/_proposals.html", context | {"problem": "Choose a part."})
    if not is_allowed(request, "writing_help", key=str(request.tenant.pk)):
        return render(request, "messaging/_proposals.html", context | {"problem": TOO_OFTEN})
    mjml = request.POST.get("mjml", "") if template.channel == Channel.EMAIL else ""
    try:
        found = propose(template_id, wish, mjml, actor=request.user.email)
    except (WritingUnavailable, Conflict) as exc:
        context["problem"] = str(exc)
    else:
        context |= {"proposals": found.proposals, "unfit": found.unfit}
    return render(request, "messaging/_proposals.html", context)


def help_for(template: Template, locale: str) -> dict[str, Any]:
    """Return what the editor of a template shows of the writing help; empty while it is off."""
    parts = parts_of(template.channel)
    if not parts or not is_helped():
        return {}
    choices = [(key, part.label) for key, part in parts.items()]
    return {"writing_help": {"parts": choices, "language": locale, "most": MAX_GOAL}}


def note_taken(request: TenantRequest, template: Template) -> None:
    """Record which saved words were proposed, as the form says."""
    parts = parts_of(template.channel)
    named = [name for name in request.POST.get(TAKEN, "").split(",") if name in parts]
    if named:
        record_taken(template.pk, sorted(set(named)), actor=request.user.email)


def _wish(request: TenantRequest, template: Template) -> Wish:
    said = request.POST
    part = said.get("help_part", "")
    old = said.get("help_paragraph" if part == "paragraph" else part, "")
    return Wish(
        channel=template.channel,
        part=part,
        old=old[:MAX_OLD].strip(),
        around=template.text if template.channel == Channel.EMAIL else "",
        goal=said.get("help_goal", "")[:MAX_GOAL].strip(),
        language=said.get("help_language", "")[:60].strip(),
        tells_people=said.get("help_people", "") == "on",
    )
