"""Which stores are told who is in a segment, and how that stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.arrays import array
from kernel.sql import run_sql
from segments.models import SegmentPush
from segments.panels import SegmentUser
from stores.services.write_overview import (
    LaneState,
    WriteLine,
    list_refused_members,
    list_tagging,
)


@dataclass(frozen=True, slots=True)
class Shop:
    """A store that can be told who is in a segment.

    Attributes:
        lane: how the store is told of segments, of all of them together.
        push: None where it is not told of this one.
        refused: customers who could not be given the tag, the newest first.
        is_connected: whether anything can be written to it now.
    """

    lane: LaneState
    push: SegmentPush | None = None
    refused: Sequence[WriteLine] = ()
    is_connected: bool = True

    @property
    def dialog_id(self) -> str:
        """By which the page knows the dialog that ends it."""
        return f"stop-{self.lane.store_id}"


def list_shops(segment_id: int) -> list[Shop]:
    """Return every store that is told of a segment, or can be: the connected ones by name first."""
    pushes = {push.store_id: push for push in list_pushes(segment_id)}
    shops = [_describe(lane, pushes.pop(lane.store_id, None)) for lane in list_tagging()]
    cut_off = [
        Shop(LaneState(push.store_id, push.store.name, ""), push, is_connected=False)
        for push in pushes.values()
    ]
    return [*shops, *cut_off]


def list_pushes(segment_id: int) -> list[SegmentPush]:
    """Return what stores are told of a segment, also those that were cut off since."""
    pushes = SegmentPush.objects.select_related("store").filter(segment_id=segment_id)
    return list(pushes.order_by("pk"))


def list_shop_users(segment_id: int) -> list[SegmentUser]:
    """Return the stores that refer to a segment, for those who want to put it aside."""
    return [
        SegmentUser(
            f"{push.get_form_display()} in a shop",
            f"{push.tag} in {push.store.name}",
            "stores:writing",
            push.store_id,
        )
        for push in list_pushes(segment_id)
    ]


def find_tags(store_id: int, profile_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return which tags of segments profiles shall have at a store; those of none are left out."""
    rows = run_sql("segments.list_pushed_tags", store_id=store_id, profile_ids=array(profile_ids))
    return {row.profile_id: row.tags for row in rows}


def list_words(store_id: int) -> list[str]:
    """Return the tags that segments give at a store."""
    return list(SegmentPush.objects.filter(store_id=store_id).values_list("tag", flat=True))


def _describe(lane: LaneState, push: SegmentPush | None) -> Shop:
    if push is None:
        return Shop(lane)
    refused = list_refused_members(lane.store_id, push.tag) if lane.refused else ()
    return Shop(lane, push, refused)
