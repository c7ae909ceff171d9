"""Sign-up forms: what the world is told of one, the list with its figures, and what was sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, Sum
from django.urls import reverse

from crm.models import Event
from crm.panels import EventWords
from kernel.keyset import Place, Sorting, Statement, count_up_to, select_page
from kernel.tenancy import current_tenant_id
from messaging.choices import FormStatus
from messaging.domain.signup import (
    Question,
    ShowRules,
    join_key,
    read_questions,
    read_rules,
)
from messaging.models import SignUpDay, SignUpForm, Topic
from messaging.types import BrandLook

DAYS: Final = 30
"""How far back the figures of the list go."""
EVENTS: Final = ("Form Submitted",)
NEWEST: Final = Sorting("s.submitted_at", "s.id", "submitted_at", is_time=True)
_FROM: Final = """
FROM messaging_submission AS s
LEFT JOIN crm_profile AS p ON p.tenant_id = s.tenant_id AND p.id = s.profile_id
"""
_SELECT: Final = f"""
SELECT s.id, s.submitted_at, s.answers, s.consents, s.source, s.source_url, s.profile_id,
       p.first_name, p.last_name, p.email
{_FROM}
"""
_OUTCOMES: Final = {
    "subscribed": "said yes",
    "asked": "asked by mail for a yes",
    "kept": "had said yes before",
    "refused": "could not be asked",
}
_CHANNELS: Final = {"email": "Email", "sms": "SMS"}


@dataclass(frozen=True, slots=True)
class FormRow:
    """One form of the list with the figures of the last `DAYS` days.

    Attributes:
        rate: submissions per view, 0 to 1; None where nobody saw it.
    """

    form: SignUpForm
    views: int
    submissions: int

    @property
    def rate(self) -> float | None:
        """Return how many of those who saw it sent it."""
        return min(1.0, self.submissions / self.views) if self.views else None


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One submission; ``profile_id`` is None only until it is written."""

    id: int
    submitted_at: datetime
    answers: Mapping[str, Any]
    consents: Mapping[str, str]
    source: str
    source_url: str
    profile_id: int | None
    first_name: str | None
    last_name: str | None
    email: str | None

    @property
    def name(self) -> str:
        """Return who it is, as far as they said."""
        whole = f"{self.first_name or ''} {self.last_name or ''}".strip()
        return whole or self.email or str(self.answers.get("phone", "")) or "Somebody"

    @property
    def said(self) -> list[tuple[str, str]]:
        """Return what became of the consent for each channel, in words."""
        return [
            (_CHANNELS.get(channel, channel), _OUTCOMES.get(outcome, outcome))
            for channel, outcome in self.consents.items()
        ]


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """One page, newest first; the marks lead to its neighbours."""

    rows: list[SubmissionRow]
    next: str | None
    previous: str | None


def find_live_form(token: str) -> SignUpForm | None:
    """Return a form that is shown to the world, by its token."""
    found = SignUpForm.objects.filter(key=token, status=FormStatus.LIVE, deleted_at=None)
    return found.select_related("topic").first()


def find_form(form_id: int) -> SignUpForm | None:
    """Return a form that was not deleted."""
    found = SignUpForm.objects.filter(pk=form_id, deleted_at=None)
    return found.select_related("topic").first()


def public_key(form: SignUpForm) -> str:
    """Return the key under which the world knows a form."""
    return join_key(current_tenant_id(), form.key)


def terms_of(form: SignUpForm) -> str:
    """Return what a form asks people to agree to: version of the text, channels, and how."""
    if not form.channels:
        return "none"
    channels = ",".join(sorted(map(str, form.channels)))
    return f"{form.consent_version}:{channels}:{'box' if form.has_consent_box else 'button'}"


def page_url(form: SignUpForm) -> str:
    """Return the address of a form's own page."""
    return f"{settings.PUBLIC_URL}{reverse('signup_page', args=[public_key(form)])}"


def list_forms(today: date) -> list[FormRow]:
    """Return the forms by name with their figures; two statements."""
    sums = (
        SignUpDay.objects.filter(day__gt=today - timedelta(days=DAYS))
        .values("form_id")
        .annotate(seen=Sum("views"), sent=Sum("submissions"))
    )
    figures = {row["form_id"]: (row["seen"], row["sent"]) for row in sums}
    forms = SignUpForm.objects.filter(deleted_at=None).order_by("name", "pk")
    return [FormRow(form, *figures.get(form.pk, (0, 0))) for form in forms]


def find_row(form: SignUpForm, today: date) -> FormRow:
    """Return one form with its figures."""
    found = SignUpDay.objects.filter(form_id=form.pk, day__gt=today - timedelta(days=DAYS))
    sums = found.aggregate(seen=Sum("views"), sent=Sum("submissions"))
    return FormRow(form, sums["seen"] or 0, sums["sent"] or 0)


def list_submissions(form_id: int, place: Place) -> SubmissionPage:
    """Return a page of what was sent on a form, newest first."""
    statement = Statement(_SELECT, _conditions(), {"form_id": form_id})
    found = select_page(statement, NEWEST, descending=True, place=place)
    rows = [_row(row) for row in found.rows]
    return SubmissionPage(rows, found.next, found.previous)


def count_submissions(form_id: int) -> int:
    """Return how often a form was sent, up to the ceiling of counts."""
    return count_up_to("FROM messaging_submission AS s", _conditions(), {"form_id": form_id})


def list_topic_choices() -> list[tuple[int, str]]:
    """Return the topics that a form can be of."""
    return list(Topic.objects.order_by("name", "pk").values_list("pk", "name"))


def describe_form(form: SignUpForm, look: BrandLook, *, key: str, ticket: str) -> dict[str, Any]:
    """Return what a browser needs to draw a form; nothing of it is secret.

    A code is told to who signed up, not before.

    Args:
        form: saved or not.
        look: of the brand.
        key: as it stands in addresses; empty in a preview.
        ticket: comes back with what is sent.
    """
    questions, rules = read_questions(form.questions), read_rules(form.rules)
    return {
        "key": key,
        "ticket": ticket,
        "kind": str(form.kind),
        "title": form.title,
        "text": form.text,
        "button": form.button,
        "questions": [_describe_question(each) for each in questions],
        "consent": {
            "text": form.consent_text if form.channels else "",
            "box": form.has_consent_box,
        },
        "success": {"title": form.success_title, "text": form.success_text},
        "rules": _describe_rules(rules),
        "look": {
            "name": look.name,
            "accent": look.accent,
            "onAccent": look.on_accent,
            "link": look.link,
            "logo": look.logo_url,
            "logoWidth": look.logo_width,
            "logoHeight": look.logo_height,
        },
    }


def speak_submissions(events: Sequence[Event]) -> dict[int, EventWords]:
    """Word the events of forms for the timeline, in one statement."""
    ids = {event.object_id for event in events if event.object_id is not None}
    there = set(
        SignUpForm.objects.filter(Q(deleted_at=None), pk__in=ids).values_list("pk", flat=True)
    )
    return {
        event.pk: EventWords(
            "edit",
            f"Sent the form {event.properties.get('form', '')}".strip(),
            _speak_source(event.properties),
            "good",
            ("messaging:form", event.object_id) if event.object_id in there else None,
        )
        for event in events
    }


def _speak_source(properties: Mapping[str, Any]) -> str:
    source = str(properties.get("source", ""))
    page = str(properties.get("page", ""))
    said = "came by themselves" if source == "direct" else f"came from {source}"
    return f"on {page}, {said}" if page else said


def _row(row: Any) -> SubmissionRow:
    """Return a row as it is selected; what is JSON comes as text."""
    read = {name: json.loads(getattr(row, name)) for name in ("answers", "consents")}
    return SubmissionRow(**{**row._asdict(), **read})


def _conditions() -> list[str]:
    return ["s.tenant_id = %(tenant_id)s", "s.form_id = %(form_id)s"]


def _describe_question(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "kind": question.kind,
        "label": question.label,
        "required": question.is_required,
        "options": list(question.options),
    }


def _describe_rules(rules: ShowRules) -> dict[str, Any]:
    return {
        "seconds": rules.after_seconds,
        "scroll": rules.scroll_pct,
        "exit": rules.on_exit,
        "pages": list(rules.pages),
        "except": list(rules.except_pages),
        "days": rules.every_days,
        "position": rules.position,
    }
