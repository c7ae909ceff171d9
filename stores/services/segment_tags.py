"""Tags of segments at stores: begun, ended, and people whose segments changed without an event.

Which segments a store is told of the app of segments knows (`wishing.SEGMENT_TAGS`). They share
one lane: everything that a customer shall have of them is one wish, however many there are.
"""

from collections.abc import Iterable
from typing import Final

from django.db import transaction

from crm.choices import StoreStatus
from kernel import clock
from kernel.errors import Invalid
from kernel.scope import current_tenant_id
from kernel.work import ring
from stores.choices import WriteKind
from stores.domain.writing import METAFIELD
from stores.models import WriteLane
from stores.platforms import METAFIELDS
from stores.services.wishing import WRITES, find_clash, lock_lanes, wish
from stores.services.writing import lock_lane, rest

_KIND: Final = WriteKind.SEGMENTS


@transaction.atomic
def begin_tag(store_id: int, tag: str) -> None:
    """Give a tag to whoever shall have it at a store: everybody is looked through.

    Those with whom it was left before keep it, whatever becomes of them.

    Args:
        store_id: of the active tenant.
        tag: a tag, or `METAFIELD` with the end of a key: then customers get that metafield.

    Raises:
        Conflict: the tenant has no such connected store.
        Invalid: its platform takes none.
    """
    lane = lock_lane(store_id, _KIND)
    if tag.startswith(METAFIELD) and lane.store.platform not in METAFIELDS:
        raise Invalid("Customers have no metafields there; members get a tag")
    left = lane.options.get("kept", ())
    kept = [each for each in left if each.casefold() != tag.casefold()]
    options = {**lane.options, "kept": kept}
    if len(kept) < len(left):
        options["again"] = [*lane.options.get("again", ()), tag]
    WriteLane.objects.filter(pk=lane.pk).update(is_on=True, options=options, changed_at=clock.now())
    _look_through([lane])


@transaction.atomic
def end_tag(store_id: int, tag: str, *, takes_away: bool, is_last: bool) -> None:
    """Give a tag to nobody any more; also where the store was cut off meanwhile.

    Args:
        store_id: of the active tenant.
        tag: one that was begun, and that no segment gives any more.
        takes_away: whether those who have it lose it; else it is the store's from now on.
        is_last: whether the store is told of no other segment.
    """
    found = WriteLane.objects.select_for_update(no_key=True, of=("self",)).select_related("store")
    lane = found.filter(store_id=store_id, kind=_KIND).first()
    if lane is None:
        return
    _give_back(store_id, tag)
    if takes_away:
        _look_through([lane])
        return
    options = {**lane.options, "kept": [*lane.options.get("kept", ()), tag]}
    if is_last:
        rest(lane, options=options)
    else:
        WriteLane.objects.filter(pk=lane.pk).update(options=options, changed_at=clock.now())


@transaction.atomic
def find_prefix(store_id: int) -> str | None:
    """Return what stands before the tags of people at a store; None where none are written."""
    lane = WriteLane.objects.filter(store_id=store_id, kind=WriteKind.TAGS, is_on=True).first()
    return None if lane is None else str(lane.options.get("prefix", ""))


@transaction.atomic
def look_through_everybody() -> int:
    """Have everybody's tags of segments worked out anew, for every store that is told of any.

    Returns:
        Stores.
    """
    lanes = lock_lanes([_KIND])
    _look_through(lanes)
    return len(lanes)


@transaction.atomic
def wish_for_members(profile_ids: Iterable[int]) -> None:
    """Wish what some people's segments are by now; a repeat changes nothing."""
    ids = sorted(set(profile_ids))
    for lane in lock_lanes([_KIND]) if ids else ():
        wish(lane, ids)


def _give_back(store_id: int, tag: str) -> None:
    """Let people's own tags of a word be written that no segment gives any more."""
    lanes = WriteLane.objects.select_for_update(no_key=True, of=("self",)).select_related("store")
    people = lanes.filter(store_id=store_id, kind=WriteKind.TAGS, is_on=True).first()
    if people is not None and find_clash(people.options.get("prefix", ""), [tag]):
        _look_through([people])


def _look_through(lanes: Iterable[WriteLane]) -> None:
    """Begin with the first profile; a store that was cut off is looked at when it comes back."""
    for lane in lanes:
        is_connected = lane.store.status == StoreStatus.CONNECTED
        due_at = clock.now() if is_connected else None
        WriteLane.objects.filter(pk=lane.pk).update(fill_after=0, due_at=due_at, tries=0, detail="")
    ring(WRITES, current_tenant_id())
