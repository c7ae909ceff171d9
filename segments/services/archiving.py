"""Segments that are put aside: not evaluated, without members, brought back whenever wanted."""

from collections.abc import Sequence

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict
from segments.panels import SegmentUser
from segments.queries.checking import check_definition
from segments.queries.shops import list_shop_users
from segments.queries.users import find_users
from segments.services.segments import lock_segment
from segments.services.upkeep import lock_upkeep, redefine
from tenants.services import audit


class InUse(Conflict):
    """Something refers to the segment.

    Attributes:
        users: what does.
    """

    def __init__(self, name: str, users: Sequence[SegmentUser]) -> None:
        names = ", ".join(user.name for user in users)
        super().__init__(f"{name} is used by {names}")
        self.users = users


@transaction.atomic
def archive_segment(segment_id: int) -> bool:
    """Put a segment aside; its members leave it quietly with the next refresh.

    Returns:
        False when it was archived already.

    Raises:
        NotFound: no such segment.
        InUse: another segment, a flow or a store refers to it; nothing is changed.
    """
    lock_upkeep()
    segment = lock_segment(segment_id)
    if segment.archived_at is not None:
        return False
    if users := [*find_users().get(segment_id, []), *list_shop_users(segment_id)]:
        raise InUse(segment.name, users)
    segment.archived_at = clock.now()
    segment.save(update_fields=["archived_at", "updated_at"])
    audit.record("segment.archived", "segment", segment_id, before={"name": segment.name})
    redefine([segment_id])
    return True


@transaction.atomic
def unarchive_segment(segment_id: int) -> bool:
    """Have an archived segment evaluated again; its members come back quietly.

    Returns:
        False when it was not archived.

    Raises:
        NotFound: no such segment.
        DefinitionError: its definition refers to what is gone; nothing is changed.
    """
    lock_upkeep()
    segment = lock_segment(segment_id)
    if segment.archived_at is None:
        return False
    check_definition(segment.definition, own_id=segment_id)
    segment.archived_at = None
    segment.save(update_fields=["archived_at", "updated_at"])
    audit.record("segment.unarchived", "segment", segment_id, after={"name": segment.name})
    redefine([segment_id])
    return True
