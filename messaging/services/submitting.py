"""What somebody sends on a sign-up form becomes a profile, its consent with proof, and an event.

All of it in one transaction, once for each key that the browser made. What is typed is not
verified: it finds people by the rules of `crm.domain.resolution`, which add no address to somebody
who is known. It asks their mailbox for a yes where the form says so, where they said no before, or
where another address is written to. A yes counts for the address that they had, and for no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from crm.choices import Channel, ConsentState, EventSource
from crm.domain.permission import NEGATIVE
from crm.domain.touches import DIRECT, read_origin
from crm.services.api_store import ensure_api_store
from crm.services.consent import note_wish, record_consent
from crm.services.events import append_events
from crm.services.ingest import apply_records
from crm.types import CustomerRecord, NewEvent, Origin, TrackedRecord
from kernel.errors import DomainError
from kernel.retry import retry_conflicts
from kernel.sql import count_sql
from kernel.tenancy import current_tenant_id
from messaging.choices import FormKind, QuestionKind
from messaging.domain.signup import BUILT_IN
from messaging.models import SignUpForm, Submission
from messaging.queries.sending import find_recipients
from messaging.services.opting_in import ask_to_confirm
from messaging.types import Hit, Proof, Recipient
from tenants.queries import get_tenant

EVENT: Final = "Form Submitted"
METHOD: Final = "form"
MAX_ADDRESS: Final = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """What a browser sent on a form, checked.

    Attributes:
        key: made by the browser; the same one is taken once.
        answers: typed, by question (`AnswersForm.read_answers`).
        has_agreed: to the text of consent.
        url: of the page, with its query, from which only the source is read.
        referrer: of that page.
        anonymous_id: of the browser, where the site's script gave it one; else empty.
    """

    key: UUID
    answers: Mapping[str, Any]
    has_agreed: bool
    url: str
    referrer: str
    anonymous_id: str
    hit: Hit


class _Nobody(Exception):
    """They may not be kept: they were erased."""


def submit(form: SignUpForm, sent: Sent) -> bool:
    """Take what somebody sent; a repeat of its key changes nothing.

    Args:
        form: of the active tenant, live.
        sent: checked.

    Returns:
        False when nothing was kept: it came before, or is of somebody who was erased.

    Raises:
        Conflict: other writers were in the way again and again; nothing was kept.
    """
    try:
        return retry_conflicts(partial(_submit, form, sent))
    except _Nobody:
        return False


@transaction.atomic
def note_view(form_id: int, now: datetime) -> None:
    """Count that a form was seen, of nobody."""
    _count(form_id, now, views=1)


@transaction.atomic
def _submit(form: SignUpForm, sent: Sent) -> bool:
    now = sent.hit.at
    store_id = ensure_api_store()
    origin = read_origin(sent.url, sent.referrer)
    submission, is_new = Submission.objects.get_or_create(
        form_id=form.pk,
        key=sent.key,
        defaults={
            "answers": dict(sent.answers),
            "consent_version": form.consent_version if sent.has_agreed else 0,
            "source": origin.source if origin else DIRECT,
            "source_url": _page_of(origin),
            "submitted_at": now,
        },
    )
    if not is_new:
        return False
    record = _record_of(form, sent, submission.pk)
    applied = apply_records(store_id, [record], source=EventSource.TRACKING, now=now)
    profile_id = applied.profile_ids.get(0)
    if profile_id is None:
        raise _Nobody
    submission.profile_id = profile_id
    submission.consents = _consent(form, sent, submission) if sent.has_agreed else {}
    submission.save(update_fields=["profile_id", "consents"])
    append_events([_event_of(form, submission, store_id)], now=now)
    _count(form.pk, now, submissions=1)
    return True


def _record_of(form: SignUpForm, sent: Sent, submission_id: int) -> TrackedRecord:
    said = dict(sent.answers)
    built_in = {kind.value: said.pop(kind.value, "") for kind in BUILT_IN}
    if birthday := built_in.pop(QuestionKind.BIRTHDAY.value):
        said["birthday"] = birthday
    return TrackedRecord(
        occurred_at=sent.hit.at,
        who=CustomerRecord(external_id="", version_at=sent.hit.at, properties=said, **built_in),
        anonymous_ids=[sent.anonymous_id] if sent.anonymous_id else [],
        dedupe_key=f"form:{submission_id}",
        has_traits=True,
        is_visit=form.kind != FormKind.PAGE,
    )


def _consent(form: SignUpForm, sent: Sent, submission: Submission) -> dict[str, str]:
    """Record what was agreed to, by channel; returns what became of it."""
    proof = Proof(
        METHOD,
        occurred_at=sent.hit.at,
        detail=form.name,
        text_version=f"form {form.pk}, version {form.consent_version}",
        ip=sent.hit.ip,
        user_agent=sent.hit.user_agent[:500],
        source_url=submission.source_url,
        actor="recipient",
    )
    [who] = find_recipients([submission.profile_id or 0]).values()
    found = {}
    if Channel.EMAIL in form.channels and (email := str(sent.answers.get("email", ""))):
        found["email"] = _consent_to_email(form, who, email, proof)
    if Channel.SMS in form.channels and (phone := str(sent.answers.get("phone", ""))):
        found["sms"] = _consent_to_sms(who, phone, proof)
    if form.topic is not None and found.get("email") in {"subscribed", "asked"}:
        state = ConsentState.SUBSCRIBED if found["email"] == "subscribed" else ConsentState.PENDING
        record_consent(who.id, "email", state, topic=form.topic.name, **proof._asdict())
    return found


def _consent_to_email(form: SignUpForm, who: Recipient, email: str, proof: Proof) -> str:
    """Subscribe at once only whom the form trusts, under their own address, without a “no”."""
    is_own = who.email.lower() == email.lower()
    if who.email_consent == ConsentState.SUBSCRIBED:
        return "kept" if is_own else "refused"
    if is_own and not form.is_double_opt_in and who.email_consent not in NEGATIVE:
        record_consent(who.id, "email", ConsentState.SUBSCRIBED, **proof._asdict())
        return "subscribed"
    try:
        ask_to_confirm(who.id, proof, is_own_wish=True)
    except DomainError:  # suppressed, or asked often enough: the rest of what they sent holds
        return "refused"
    return "asked"


def _consent_to_sms(who: Recipient, phone: str, proof: Proof) -> str:
    """Subscribe a number that is theirs; who said no can come back from the number alone."""
    if who.phone != phone:
        return "refused"
    if who.sms_consent == ConsentState.SUBSCRIBED:
        return "kept"
    if who.sms_consent in NEGATIVE:
        at = proof.occurred_at
        if at is not None:
            note_wish(who.id, "sms", **{**proof._asdict(), "occurred_at": at})
        return "refused"
    record_consent(who.id, "sms", ConsentState.SUBSCRIBED, **proof._asdict())
    return "subscribed"


def _event_of(form: SignUpForm, submission: Submission, store_id: int) -> NewEvent:
    return NewEvent(
        name=EVENT,
        occurred_at=submission.submitted_at,
        source=EventSource.TRACKING,
        profile_id=submission.profile_id,
        store_id=store_id,
        object_id=form.pk,
        properties={
            "form_id": form.pk,
            "form": form.name,
            "kind": str(form.kind),
            "source": submission.source,
            "page": submission.source_url,
            "consents": submission.consents,
            "answers": {
                name: value
                for name, value in submission.answers.items()
                if name not in {kind.value for kind in BUILT_IN}
            },
        },
        dedupe_key=f"form_submitted:{submission.pk}",
    )


def _page_of(origin: Origin | None) -> str:
    return origin.landing_page[:MAX_ADDRESS] if origin else ""


def _count(form_id: int, now: datetime, *, views: int = 0, submissions: int = 0) -> None:
    zone = ZoneInfo(get_tenant(current_tenant_id()).timezone)
    count_sql(
        "messaging.count_signup",
        form_id=form_id,
        day=now.astimezone(zone).date(),
        views=views,
        submissions=submissions,
    )
