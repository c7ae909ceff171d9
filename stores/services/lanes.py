"""Letting what waits for a store go on, or rest; what the lanes of a store are."""

from kernel import clock
from kernel.scope import current_tenant_id
from kernel.work import ring
from stores.models import WriteLane
from stores.services.wishing import PEOPLE, WRITES


def wake_lanes(store_id: int, *, is_back: bool = False) -> int:
    """Let everything that waits for a store be tried at once, and ring; its patience is respected.

    Call it inside a transaction, when what a lane rested for may be mended.

    Args:
        store_id: of the active tenant.
        is_back: it was cut off, so that nobody wished what changed meanwhile: everybody is looked
            through.

    Returns:
        Lanes that were woken.
    """
    lanes = WriteLane.objects.filter(store_id=store_id, is_on=True)
    if is_back:
        lanes.filter(kind__in=PEOPLE).update(fill_after=0)
    woken = lanes.update(due_at=clock.now(), tries=0, detail="")
    if woken:
        ring(WRITES, current_tenant_id())
    return woken


def rest_lanes(store_id: int) -> None:
    """Write nothing more to a store that was cut off; what waits goes on waiting."""
    WriteLane.objects.filter(store_id=store_id).update(due_at=None, detail="")
