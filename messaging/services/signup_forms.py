"""Sign-up forms as members make them: written, shown to the world, deleted."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from messaging.choices import FormStatus
from messaging.domain.signup import (
    CONSENT_CHANNELS,
    Question,
    ShowRules,
    find_question,
    write_questions,
    write_rules,
)
from messaging.models import SignUpForm, SignUpText, Topic
from tenants.services import audit

MOST: Final = 100
"""Forms of one tenant, deleted ones not counted."""
KEY_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
KEY_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class FormData:
    """All that a form is told to be; see `messaging.models.SignUpForm`.

    Attributes:
        topic_id: of marketing; None: of all of it.
    """

    name: str
    kind: str
    is_live: bool
    title: str
    text: str
    button: str
    questions: tuple[Question, ...]
    channels: tuple[str, ...]
    consent_text: str
    has_consent_box: bool
    topic_id: int | None
    is_double_opt_in: bool
    success_title: str
    success_text: str
    success_code: str
    rules: ShowRules


@transaction.atomic
def create_form(data: FormData, *, actor: str) -> SignUpForm:
    """Create a form.

    Args:
        data: all of it.
        actor: e-mail address of the member.

    Raises:
        Invalid: it could not tell who sends it, or asks for no consent in words; ``fields`` says.
        Conflict: there are `MOST` already.
    """
    _check(data)
    if SignUpForm.objects.filter(deleted_at=None).count() >= MOST:
        raise Conflict(f"There are {MOST} forms already. Delete one first.")
    now = clock.now()
    key = "".join(secrets.choice(KEY_LETTERS) for _ in range(KEY_LENGTH))
    form = SignUpForm(key=key, created_at=now, updated_at=now)
    _fill(form, data)
    form.save()
    _keep_text(form, "")
    audit.record("form.created", "form", form.pk, after=_said(form), actor=actor)
    return form


@transaction.atomic
def update_form(form_id: int, data: FormData, *, actor: str) -> bool:
    """Change a form; another text of consent is another version, and what was agreed to stays.

    Returns:
        False when nothing was different.

    Raises:
        NotFound: the tenant has no such form.
        Invalid: as `create_form`.
    """
    _check(data)
    form = _lock(form_id)
    before, text = _said(form), form.consent_text
    _fill(form, data)
    after = _said(form)
    if before == after:
        return False
    form.updated_at = clock.now()
    form.save(update_fields=[*_FIELDS, "updated_at"])
    _keep_text(form, text)
    changed = [name for name, value in after.items() if before[name] != value]
    audit.record(
        "form.changed",
        "form",
        form.pk,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        actor=actor,
    )
    return True


@transaction.atomic
def delete_form(form_id: int, *, actor: str) -> str:
    """Take a form away from members and the world, and return its name.

    What people sent and agreed to on it stays with them.

    Raises:
        NotFound: the tenant has no such form.
    """
    form = _lock(form_id)
    form.deleted_at, form.status = clock.now(), FormStatus.DRAFT
    form.save(update_fields=["deleted_at", "status"])
    audit.record("form.deleted", "form", form.pk, before={"name": form.name}, actor=actor)
    return form.name


def check_form(data: FormData) -> dict[str, str]:
    """Return what is wrong with a form, by field of the editor; empty when nothing is."""
    faults = {}
    asked = {each.kind: each for each in data.questions}
    if not any(found.is_required for kind in ("email", "phone") if (found := asked.get(kind))):
        faults["email"] = "Ask for the email address or the phone number, and require it."
    for channel in data.channels:
        if find_question(data.questions, CONSENT_CHANNELS[channel]) is None:
            faults["channels"] = "Ask for the address of each channel that you want consent for."
    if data.channels and not data.consent_text:
        faults["consent_text"] = "Say in words what people agree to."
    return faults


def _check(data: FormData) -> None:
    faults = check_form(data)
    if data.topic_id is not None and not Topic.objects.filter(pk=data.topic_id).exists():
        faults["topic"] = "This topic is gone."
    if faults:
        raise Invalid(next(iter(faults.values())), fields=faults)


_FIELDS: Final = (
    "name",
    "kind",
    "status",
    "title",
    "text",
    "button",
    "questions",
    "channels",
    "consent_text",
    "consent_version",
    "has_consent_box",
    "topic_id",
    "is_double_opt_in",
    "success_title",
    "success_text",
    "success_code",
    "rules",
)


def _fill(form: SignUpForm, data: FormData) -> None:
    if data.consent_text and data.consent_text != form.consent_text:
        form.consent_version = (form.consent_version or 0) + 1
    for name in _FIELDS:
        if hasattr(data, name) and name not in ("questions", "rules", "channels"):
            setattr(form, name, getattr(data, name))
    form.status = FormStatus.LIVE if data.is_live else FormStatus.DRAFT
    form.questions = write_questions(data.questions)
    form.channels = list(data.channels)
    form.rules = write_rules(data.rules)


def _keep_text(form: SignUpForm, before: str) -> None:
    if form.consent_text and form.consent_text != before:
        SignUpText.objects.create(
            form=form,
            version=form.consent_version,
            text=form.consent_text,
            created_at=clock.now(),
        )


def _said(form: SignUpForm) -> dict[str, Any]:
    found: Mapping[str, Any] = {name: getattr(form, name) for name in _FIELDS}
    return {
        name: str(value) if name in ("kind", "status") else value for name, value in found.items()
    }


def _lock(form_id: int) -> SignUpForm:
    found = SignUpForm.objects.select_for_update(no_key=True).filter(pk=form_id, deleted_at=None)
    form = found.first()
    if form is None:
        raise NotFound("This form does not exist.")
    return form
