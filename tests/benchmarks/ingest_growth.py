"""`ingest_growth`: the same batch for a small merchant and for one that has more profiles."""

from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import Merchant, make_merchant, vacuum

SMALL = 10_000
FACTOR = 3
BATCH = 1_000
TABLES = ("crm_profile", "crm_identity", "crm_order", "crm_orderline", "crm_profilefacts")


def run(size: int) -> list[Measured]:
    """Measure batches in turn; both merchants lie in the same tables.

    Args:
        size: profiles of the larger one; at least three times those of the smaller.
    """
    large = max(size, SMALL * FACTOR)
    small_merchant, large_merchant = _grown(SMALL), _grown(large)
    vacuum(TABLES)
    floors, runs = alternate(lambda: _batch(small_merchant), lambda: _batch(large_merchant))
    work = f"{BATCH} orders with {large} profiles present; the floor: with {SMALL}"
    return [compare("ingest_growth", floors, runs, Goal(1.3), work=work)]


def _grown(profiles: int) -> Merchant:
    merchant = make_merchant()
    merchant.file_orders(profiles)
    merchant.drain()
    return merchant


def _batch(merchant: Merchant) -> float:
    merchant.file_orders(BATCH)
    return timed(merchant.drain)
