"""Rules that choose who writes to whom, and the answer for one person."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel import asked
from kernel.errors import DomainError, NotFound
from messaging.domain.sender_rules import MAX_VALUE, PROPERTY
from messaging.queries.readers import find_readers
from messaging.queries.sender_rules import explain_senders
from messaging.queries.senders import list_senders
from messaging.queries.sending import find_recipients
from messaging.queries.traits import list_traits
from messaging.services import sender_rules
from messaging.services.sender_rules import RuleData
from tenants.domain import capabilities
from tenants.services.access import requires
from tenants.types import TenantRequest

PEOPLE = 5


class RuleForm(forms.Form):
    """Which people a sender writes to."""

    key = forms.CharField(
        label="Property",
        max_length=MAX_VALUE,
        help_text="Of the profile, such as account_manager.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    wanted = forms.CharField(
        label="Is one of",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One value on each line; upper and lower case are the same.",
    )
    sender = forms.TypedChoiceField(label="Then mails are from", coerce=int)

    def __init__(
        self,
        trait: str,
        choices: list[tuple[str, str]],
        senders: list[tuple[int, str]],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if trait != PROPERTY:
            del self.fields["key"]
        if choices:
            self.fields["wanted"] = forms.MultipleChoiceField(
                label="Is one of", choices=choices, widget=forms.CheckboxSelectMultiple
            )
            self.order_fields(["wanted", "sender"])
        field: Any = self.fields["sender"]
        field.choices = senders

    def rule(self, trait: str) -> RuleData:
        """Return what was typed."""
        said = self.cleaned_data
        wanted = said["wanted"]
        listed = wanted.splitlines() if isinstance(wanted, str) else wanted
        return RuleData(said["sender"], trait, said.get("key", ""), listed)


@requires(capabilities.MANAGE_SETTINGS)
@require_http_methods(["GET", "POST"])
def new_rule(request: TenantRequest) -> HttpResponse:
    """Show the form for what the address says the rule looks at; a POST adds the rule."""
    traits = list_traits()
    keys = [key for key, _, _ in traits]
    trait = asked.read_choice(request, "trait", keys, keys[0])
    choices = next(choices for key, _, choices in traits if key == trait)
    senders = [
        (row.sender.pk, f"{row.sender.name}, {row.sender.email}")
        for row in list_senders()
        if row.is_verified
    ]
    form = RuleForm(trait, choices, senders, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sender_rules.add_rule(form.rule(trait), actor=request.user.email)
        except DomainError as exc:
            for field, text in (exc.fields or {"": exc.detail}).items():
                form.add_error(field if field in form.fields else None, text)
        else:
            messages.success(request, "The rule holds for mails that are sent from now on.")
            return redirect("messaging:senders", request.tenant.slug)
    tabs = [
        {"label": label, "url": f"?trait={key}", "active": key == trait} for key, label, _ in traits
    ]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"form": form, "tabs": tabs, "has_senders": bool(senders)}
    return render(request, "messaging/sender_rule.html", context, status=status)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def move(request: TenantRequest, sender_rule_id: int) -> HttpResponse:
    """Try a rule one place earlier."""
    try:
        sender_rules.move_rule(sender_rule_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    return redirect("messaging:senders", request.tenant.slug)


@requires(capabilities.MANAGE_SETTINGS)
@require_POST
def remove(request: TenantRequest, sender_rule_id: int) -> HttpResponse:
    """Remove a rule."""
    try:
        sender_rules.remove_rule(sender_rule_id, actor=request.user.email)
    except NotFound as exc:
        raise Http404 from exc
    messages.success(request, "The rule is removed.")
    return redirect("messaging:senders", request.tenant.slug)


@requires(capabilities.MANAGE_SETTINGS)
@require_GET
def preview(request: TenantRequest) -> HttpResponse:
    """Say who writes to some people: a part of the page."""
    text = asked.read_text(request, "q")
    readers = find_readers(text, limit=PEOPLE)
    people = find_recipients([reader.id for reader in readers])
    shown = explain_senders([people[reader.id] for reader in readers if reader.id in people])
    return render(request, "messaging/_sender_preview.html", {"shown": shown, "text": text})
