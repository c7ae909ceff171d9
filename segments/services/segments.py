"""Segments of the merchant: made, changed, deleted; members follow."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction

from kernel import clock
from kernel.errors import Conflict, Outdated
from kernel.sql import run_sql
from segments.choices import Cause, SegmentKind
from segments.domain.canonical import digest
from segments.domain.versions import version_of
from segments.errors import DefinitionError
from segments.models import MembershipChange, MembershipMove, Segment
from segments.queries.checking import check_definition
from segments.queries.listing import get_segment
from segments.queries.shops import list_shop_users
from segments.queries.users import find_users
from segments.queries.versions import values_of
from segments.services.upkeep import hold_upkeep, lock_upkeep, redefine, request_refresh
from tenants.services import audit

MAX_TAG: Final = 40
MAX_TAGS: Final = 10


@transaction.atomic
def create_segment(
    *, name: str, definition: object, description: str = "", key: str = "", tags: Sequence[str] = ()
) -> Segment:
    """Create a segment and have its members computed soon.

    Args:
        name: not that of another one.
        definition: JSON as in the contract.
        description: what it is for.
        key: word of the starter it comes from; empty for the merchant's own.
        tags: words to sort it by, as `clean_tags` returns them.

    Raises:
        Conflict: the tenant already has a segment of this name.
        DefinitionError: the definition cannot be understood.
    """
    lock_upkeep()
    tree = check_definition(definition, own_id=None)
    now = clock.now()
    try:
        with transaction.atomic():
            segment = Segment.objects.create(
                name=_named(name),
                definition=definition,
                description=description,
                digest=digest(tree),
                redefined_at=now,
                key=key,
                tags=list(tags),
            )
    except IntegrityError as exc:
        raise Conflict(f"a segment called {name!r} exists", fields={"name": "is taken"}) from exc
    audit.record("segment.created", "segment", segment.pk, after=values_of(segment))
    request_refresh(Cause.DEFINITION, now)
    return segment


@transaction.atomic
def update_segment(segment_id: int, *, version: str = "", **changes: Any) -> Segment:
    """Change name, description or definition of a segment; members follow soon.

    Args:
        segment_id: of the tenant.
        version: what the caller looks at, as of `read_version`; empty takes what there is.
        changes: any of ``name``, ``description``, ``definition``.

    Raises:
        NotFound: no such segment.
        Outdated: it is not the version any more; nothing is changed.
        Conflict: the name is taken.
        DefinitionError: the definition cannot be understood, or refers to itself.
    """
    if "definition" in changes:
        hold_upkeep()  # first, as everybody does who needs both rows
    segment = lock_segment(segment_id)
    before = values_of(segment)
    if version and version != version_of(before):
        raise Outdated("Somebody changed this segment after it was read. Read it again.")
    if "name" in changes:
        changes["name"] = _named(changes["name"])
    changes = {field: value for field, value in changes.items() if value != before[field]}
    if "definition" in changes:
        _note_definition(segment, changes["definition"])
    for field, value in changes.items():
        setattr(segment, field, value)
    try:
        with transaction.atomic():
            segment.save(
                update_fields=[*changes, "digest", "stopped_at", "stopped_reason", "updated_at"]
            )
    except IntegrityError as exc:
        raise Conflict("a segment of this name exists", fields={"name": "is taken"}) from exc
    after = values_of(segment)
    audit.record_change("segment.changed", "segment", segment_id, before=before, after=after)
    if "definition" in changes:
        redefine([segment_id])
    return segment


@transaction.atomic
def change_tags(segment_id: int, tags: Sequence[str]) -> None:
    """Give a segment these tags instead of the ones it has.

    Args:
        segment_id: of the tenant.
        tags: as `clean_tags` returns them.

    Raises:
        NotFound: no such segment.
    """
    segment = lock_segment(segment_id)
    before, after = {"tags": segment.tags}, {"tags": list(tags)}
    if audit.record_change("segment.tagged", "segment", segment_id, before=before, after=after):
        segment.tags = list(tags)
        segment.save(update_fields=["tags", "updated_at"])


def clean_tags(text: str) -> list[str]:
    """Return the tags of a text that has commas between them, ascending, each once."""
    tags = {tag[:MAX_TAG] for word in text.split(",") if (tag := " ".join(word.split()))}
    return sorted(tags)[:MAX_TAGS]


def note_use(segment_id: int) -> None:
    """Note that the members of a segment were put to use; joins the caller's transaction."""
    Segment.objects.filter(pk=segment_id).update(used_at=clock.now())


@transaction.atomic
def delete_segment(segment_id: int) -> None:
    """Delete a segment that nothing refers to; its entries and exits go with it.

    Raises:
        NotFound: no such segment.
        Conflict: another segment, a flow or a store refers to it.
    """
    lock_upkeep()
    segment = get_segment(segment_id)
    if users := [*find_users().get(segment_id, []), *list_shop_users(segment_id)]:
        raise Conflict(f"{segment.name} is used by {', '.join(user.name for user in users)}")
    audit.record("segment.deleted", "segment", segment_id, before=values_of(segment))
    run_sql("segments.forget_segment", segment_id=segment_id)
    for log in (MembershipChange, MembershipMove):
        log.objects.filter(segment_id=segment_id).delete()
    segment.delete()


def lock_segment(segment_id: int) -> Segment:
    """Return a segment that nobody else changes until this transaction ends.

    Raises:
        NotFound: the tenant has none of this id.
    """
    segment = Segment.objects.select_for_update(no_key=True).filter(pk=segment_id).first()
    return segment or get_segment(segment_id)


def _note_definition(segment: Segment, definition: object) -> None:
    """Check what a segment is about to ask, and let it be asked though it was stopped before."""
    if segment.kind == SegmentKind.STATIC:
        raise Conflict("A list has no conditions: people are put on it and taken off.")
    segment.digest = digest(check_definition(definition, own_id=segment.pk))
    segment.stopped_at, segment.stopped_reason = None, ""


def _named(name: str) -> str:
    cleaned = name.strip()
    if not cleaned:
        raise DefinitionError("name", "must not be empty")
    return cleaned
