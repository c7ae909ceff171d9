"""Notes of members about a shopper."""

from django.db import transaction

from crm.choices import EventSource
from crm.models import Note, Profile
from crm.services.events import append_events
from crm.services.ids import lock_final_profiles
from crm.types import NewEvent
from kernel import clock
from kernel.errors import Invalid, NotFound
from tenants.services import audit

MAX_LENGTH = 5_000


@transaction.atomic
def add_note(profile_id: int, *, text: str, user_id: int, author: str) -> Note:
    """Write a note about somebody; it stands on the timeline.

    Raises:
        NotFound: no such profile, or it was erased.
        Invalid: the text is empty or too long.
    """
    cleaned = _cleaned(text)
    final = lock_final_profiles([profile_id]).get(profile_id)
    if final is None or not Profile.objects.filter(pk=final, erased_at=None).exists():
        raise NotFound(f"no profile {profile_id}")
    now = clock.now()
    note = Note.objects.create(
        profile_id=final, user_id=user_id, author=author, text=cleaned, created_at=now
    )
    event = NewEvent(
        name="Note Added",
        occurred_at=now,
        source=EventSource.SYSTEM,
        profile_id=final,
        object_id=note.pk,
        properties={"by": author},
    )
    append_events([event], now=now)
    audit.record("note.added", "note", note.pk, after=_told(note), actor=author)
    return note


@transaction.atomic
def edit_note(note_id: int, *, text: str, user_id: int, author: str) -> Note:
    """Change a note of one's own.

    Raises:
        NotFound: the member wrote no such note.
        Invalid: the text is empty or too long.
    """
    cleaned = _cleaned(text)
    note = _lock(note_id, user_id)
    note.text = cleaned
    note.edited_at = clock.now()
    note.save(update_fields=["text", "edited_at"])
    audit.record("note.edited", "note", note_id, after=_told(note), actor=author)
    return note


@transaction.atomic
def delete_note(note_id: int, *, user_id: int, author: str) -> None:
    """Delete a note of one's own for good; the timeline keeps that there was one.

    Raises:
        NotFound: the member wrote no such note.
    """
    note = _lock(note_id, user_id)
    audit.record("note.deleted", "note", note_id, before=_told(note), actor=author)
    note.delete()


def _lock(note_id: int, user_id: int) -> Note:
    found = Note.objects.select_for_update(no_key=True).filter(pk=note_id, user_id=user_id)
    note = found.first()
    if note is None:
        raise NotFound("This note does not exist, or somebody else wrote it.")
    return note


def _told(note: Note) -> dict[str, int]:
    """Return what the audit trail says; never the text, which is personal and may be erased."""
    return {"profile_id": note.profile_id}


def _cleaned(text: str) -> str:
    cleaned = text.replace("\x00", "").strip()
    if not cleaned:
        raise Invalid("A note needs words.", fields={"text": "must not be empty"})
    if len(cleaned) > MAX_LENGTH:
        raise Invalid(f"A note has at most {MAX_LENGTH:,} letters.", fields={"text": "is too long"})
    return cleaned
